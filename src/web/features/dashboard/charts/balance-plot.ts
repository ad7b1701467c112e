import uPlot from 'uplot';
import type { BalancePoint } from '../../../api/bank.ts';
import { language, minorDigits } from '../../../ui/format.ts';
import { type BalanceRange, RANGE_MS } from './balance-points.ts';
import type { Plot } from './chart.tsx';
import { chartLook } from './chart-look.ts';

/** Balances since `nowMs` − the range, oldest first. */
export interface BalanceSeries {
  points: readonly BalancePoint[];
  nowMs: number;
}

export interface BalancePlotParts {
  range: BalanceRange;
  currency: string;
  /** The pointer is over this instant, or over none. */
  onPoint(ms: number | undefined): void;
}

const TICK: Record<BalanceRange, Intl.DateTimeFormatOptions> = {
  hour: { hour: '2-digit', minute: '2-digit' },
  day: { hour: '2-digit', minute: '2-digit' },
  week: { weekday: 'short', day: 'numeric' },
};

/** A stepped line over time, because a balance holds until the next transaction, with the area below it. */
export const balancePlot =
  ({ range, currency, onPoint }: BalancePlotParts): Plot<BalanceSeries> =>
  (target, size, first) => {
    const look = chartLook();
    const tick = new Intl.DateTimeFormat(language, TICK[range]);
    let shown = first;
    const axis = { stroke: look.faint, font: look.font(12), ticks: { show: false } };
    const widthOf = ({ ctx }: uPlot, texts: readonly string[] | null): number => {
      ctx.font = look.font(12 * devicePixelRatio);
      return widestPx(ctx, texts ?? []) + TICK_GAP_PX;
    };
    const grid = { stroke: look.grid, width: 1 };
    const plot = new uPlot(
      {
        ...size,
        ms: 1,
        legend: { show: false },
        select: { show: false, left: 0, top: 0, width: 0, height: 0 },
        cursor: { y: false, drag: { x: false }, points: { show: false } },
        padding: [8, 8, 0, 0],
        scales: {
          x: { range: () => [shown.nowMs - RANGE_MS[range], shown.nowMs] },
          y: { range: (_, least, most) => balanceBounds(least, most) },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            size: 28,
            space: 64,
            values: (_, at) => at.map((ms) => tick.format(ms)),
          },
          { ...axis, grid, space: 40, values: (_, at) => moneyTicks(at, currency), size: widthOf },
        ],
        series: [
          {},
          {
            stroke: look.line,
            fill: look.fill,
            width: 2,
            points: { show: false },
            ...(uPlot.paths.stepped && { paths: uPlot.paths.stepped({ align: 1 }) }),
          },
        ],
        hooks: { setCursor: [(self) => onPoint(pointedAt(self))] },
      },
      aligned(first),
      target,
    );
    return {
      plot,
      show(series) {
        shown = series;
        plot.setData(aligned(series));
      },
    };
  };

/** The last balance holds until now. */
const aligned = ({ points, nowMs }: BalanceSeries): uPlot.AlignedData => {
  const last = points.at(-1);
  const all = last === undefined ? points : [...points, { x: Math.max(nowMs, last.x), y: last.y }];
  return [all.map(({ x }) => x), all.map(({ y }) => y)];
};

/** Some air above and below, and never less than zero. */
function balanceBounds(least: number | null, most: number | null): [number, number] {
  if (least === null || most === null) return [0, 1];
  const air = Math.max((most - least) * 0.15, most * 0.0005, 1);
  return [Math.max(0, least - air), most + air];
}

/** Amounts for the axis, in as many digits as tell them apart. */
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

const TICK_GAP_PX = 12;

const widestPx = (ctx: CanvasRenderingContext2D, texts: readonly string[]): number =>
  Math.ceil(Math.max(0, ...texts.map((text) => ctx.measureText(text).width)) / devicePixelRatio);

function pointedAt(plot: uPlot): number | undefined {
  const { left = -1 } = plot.cursor;
  return left < 0 ? undefined : plot.posToVal(left, 'x');
}
