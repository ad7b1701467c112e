import uPlot from 'uplot';
import type { Spenders } from '../../../api/bank.ts';
import { formatMoney } from '../../../ui/format.ts';
import type { Plot } from './chart.tsx';
import { type ChartLook, chartLook } from './chart-look.ts';

/** Where in a row the bar is, and the line of text above it, as parts of the row's height from its top. */
const BAR_AT = 0.72;
const TEXT_AT = 0.36;
/** Fewer bars leave room below them. */
const ROWS_LEAST = 5;
const BAR_SIZE: [part: number, mostPx: number] = [0.24, 12];

/** Horizontal bars, one below the other; above each of them, whom the money went to and how much. */
export const spendersPlot: Plot<Spenders> = (target, size, first) => {
  const look = chartLook();
  let shown = first;
  const plot = new uPlot(
    {
      ...size,
      legend: { show: false },
      select: { show: false, left: 0, top: 0, width: 0, height: 0 },
      cursor: { show: false },
      padding: [0, 0, 0, 0],
      scales: {
        x: {
          time: false,
          ori: 1,
          dir: -1,
          range: () => [-BAR_AT, Math.max(ROWS_LEAST, shown.spenders.length) - BAR_AT],
        },
        y: { ori: 0, dir: 1, range: (_, __, most) => [0, most || 1] },
      },
      axes: [{ show: false }, { show: false }],
      series: [
        {},
        {
          fill: look.bar,
          points: { show: false },
          ...(uPlot.paths.bars && { paths: uPlot.paths.bars({ size: BAR_SIZE, radius: 0.3 }) }),
        },
      ],
      hooks: { draw: [(self) => writeNames(self, shown, look)] },
    },
    aligned(first),
    target,
  );
  return {
    plot,
    show(data) {
      shown = data;
      plot.setData(aligned(data));
    },
  };
};

const aligned = ({ spenders }: Spenders): uPlot.AlignedData => [
  spenders.map((_, index) => index),
  spenders.map(({ amountMinor }) => amountMinor),
];

const NAME_GAP_PX = 12;

/** In canvas pixels, of which a CSS pixel may have several. */
function writeNames(plot: uPlot, { spenders, currency }: Spenders, look: ChartLook): void {
  const { ctx } = plot;
  const { left, width } = plot.bbox;
  ctx.save();
  ctx.textBaseline = 'middle';
  ctx.fillStyle = look.text;
  for (const [index, { counterparty, amountMinor }] of spenders.entries()) {
    const y = plot.valToPos(index - BAR_AT + TEXT_AT, 'x', true);
    const amount = formatMoney(amountMinor, currency);
    ctx.font = look.font(14 * devicePixelRatio, 600);
    ctx.textAlign = 'right';
    ctx.fillText(amount, left + width, y);
    const room = width - ctx.measureText(amount).width - NAME_GAP_PX * devicePixelRatio;
    ctx.font = look.font(14 * devicePixelRatio);
    ctx.textAlign = 'left';
    ctx.fillText(shortened(ctx, counterparty, room), left, y);
  }
  ctx.restore();
}

/** As much of the text as there is room for. */
function shortened(ctx: CanvasRenderingContext2D, text: string, room: number): string {
  if (ctx.measureText(text).width <= room) return text;
  const characters = [...text];
  while (characters.length > 0 && ctx.measureText(`${characters.join('')}…`).width > room) characters.pop();
  return `${characters.join('')}…`;
}
