import uPlot from 'uplot';
import type { BalancePoint } from '../../../api/bank.ts';
import { language } from '../../../language.ts';
import { minorDigits } from '../../../ui/format.ts';
import { type BalanceRange, RANGE_MS } from './balance-points.ts';

/** Balances since `nowMs` minus the range, oldest first. */
export interface BalanceSeries {
  points: readonly BalancePoint[];
  nowMs: number;
}

interface BalancePlotOptions {
  range: BalanceRange;
  currency: string;
  /** The instant at the pointer; undefined when the pointer has left the plot. */
  onPointer(ms: number | undefined): void;
}

export interface BalancePlot {
  show(series: BalanceSeries): void;
  /** Adapts the plot to the size of its element. */
  fit(): void;
  destroy(): void;
}

const TICK: Record<BalanceRange, Intl.DateTimeFormatOptions> = {
  hour: { hour: '2-digit', minute: '2-digit' },
  day: { hour: '2-digit', minute: '2-digit' },
  week: { weekday: 'short', day: 'numeric' },
};

/** A stepped line, because a balance holds until the next transaction, with the area below it. */
export function createBalancePlot(
  element: HTMLElement,
  { range, currency, onPointer }: BalancePlotOptions,
  first: BalanceSeries,
): BalancePlot {
  const { faint, gridColor, line, fill, font } = readStyle();
  const tick = new Intl.DateTimeFormat(language, TICK[range]);
  let shown = first;
  const axis = { stroke: faint, font: font(12), ticks: { show: false } };
  const labelWidth = ({ ctx }: uPlot, labels: readonly string[] | null): number => {
    ctx.font = font(12 * devicePixelRatio);
    return widestPx(ctx, labels ?? []) + LABEL_GAP_PX;
  };
  const plot = new uPlot(
    {
      ...sizeOf(element),
      ms: 1,
      legend: { show: false },
      select: { show: false, left: 0, top: 0, width: 0, height: 0 },
      cursor: { y: false, drag: { x: false }, points: { show: false } },
      padding: [8, 8, 0, 0],
      scales: {
        x: { range: () => [shown.nowMs - RANGE_MS[range], shown.nowMs] },
        y: { range: (_, min, max) => balanceBounds(min, max) },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 28,
          space: 64,
          values: (_, at) => at.map((ms) => tick.format(ms)),
        },
        {
          ...axis,
          grid: { stroke: gridColor, width: 1 },
          space: 40,
          values: (_, at) => moneyTicks(at, currency),
          size: labelWidth,
        },
      ],
      series: [
        {},
        {
          stroke: line,
          fill,
          width: 2,
          points: { show: false },
          ...(uPlot.paths.stepped && { paths: uPlot.paths.stepped({ align: 1 }) }),
        },
      ],
      hooks: { setCursor: [(self) => onPointer(instantAtPointer(self))] },
    },
    alignedData(first),
    element,
  );
  return {
    show(series) {
      shown = series;
      plot.setData(alignedData(series));
    },
    fit() {
      const { width, height } = sizeOf(element);
      if (width !== plot.width || height !== plot.height) plot.setSize({ width, height });
    },
    destroy: () => plot.destroy(),
  };
}

const sizeOf = ({ clientWidth, clientHeight }: HTMLElement): { width: number; height: number } => ({
  width: clientWidth,
  height: clientHeight,
});

/** The colors and the font of the current style sheets. */
function readStyle() {
  const root = getComputedStyle(document.documentElement);
  const family = getComputedStyle(document.body).fontFamily;
  const color = (name: string): string => root.getPropertyValue(name).trim();
  return {
    line: color('--chart-line'),
    fill: color('--chart-fill'),
    gridColor: color('--chart-grid'),
    faint: color('--faint'),
    font: (sizePx: number) => `${sizePx}px ${family}`,
  };
}

/** The last balance holds until now. */
const alignedData = ({ points, nowMs }: BalanceSeries): uPlot.AlignedData => {
  const last = points.at(-1);
  const all = last === undefined ? points : [...points, { x: Math.max(nowMs, last.x), y: last.y }];
  return [all.map(({ x }) => x), all.map(({ y }) => y)];
};

/** With a margin above and below, and never below zero. */
function balanceBounds(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const margin = Math.max((max - min) * 0.15, max * 0.0005, 1);
  return [Math.max(0, min - margin), max + margin];
}

/** Labels of the y axis, without decimals if none are needed. */
function moneyTicks(amountsMinor: readonly number[], currency: string): string[] {
  const digits = minorDigits(currency);
  const isWhole = amountsMinor.every((amount) => amount % 10 ** digits === 0);
  const format = new Intl.NumberFormat(language, {
    style: 'currency',
    currency,
    ...(isWhole && { maximumFractionDigits: 0, minimumFractionDigits: 0 }),
  });
  return amountsMinor.map((amount) => format.format(amount / 10 ** digits));
}

const LABEL_GAP_PX = 12;

const widestPx = (ctx: CanvasRenderingContext2D, texts: readonly string[]): number =>
  Math.ceil(Math.max(0, ...texts.map((text) => ctx.measureText(text).width)) / devicePixelRatio);

function instantAtPointer(plot: uPlot): number | undefined {
  const { left = -1 } = plot.cursor;
  return left < 0 ? undefined : plot.posToVal(left, 'x');
}
