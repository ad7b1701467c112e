import { fixed } from './markdown.ts';
import { coordinate, escapeXml, svgImage } from './svg.ts';

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Decides the color. */
  readonly kind: 'ours' | 'peer' | 'limit';
}

const WIDTH = 760;
const LABEL_WIDTH = 270;
const VALUE_WIDTH = 60;
const ROW_HEIGHT = 30;
const BAR_HEIGHT = 20;
const TOP = 34;

/** Horizontal bars in the given order, each with its label and value. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const max = Math.max(...bars.map(({ value }) => value));
  const rows = bars.map(({ label, value, kind }, index) => {
    const y = TOP + index * ROW_HEIGHT;
    const length = (value / max) * (WIDTH - LABEL_WIDTH - VALUE_WIDTH);
    const textY = y + BAR_HEIGHT - 5;
    return `<text x="${LABEL_WIDTH - 10}" y="${textY}" text-anchor="end">${escapeXml(label)}</text>
<rect class="${kind}" x="${LABEL_WIDTH}" y="${y}" width="${coordinate(length)}" height="${BAR_HEIGHT}" rx="2"/>
<text x="${coordinate(LABEL_WIDTH + length + 6)}" y="${textY}">${fixed(value)}</text>`;
  });
  return svgImage(WIDTH, TOP + bars.length * ROW_HEIGHT, title, rows.join('\n'));
}
