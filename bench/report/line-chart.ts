import { fixed } from './markdown.ts';
import { coordinate, escapeXml, roundUp, svgImage } from './svg.ts';

export interface Line {
  readonly label: string;
  /** One value for each point of the x axis; undefined where nothing was measured. */
  readonly values: readonly (number | undefined)[];
}

const WIDTH = 760;
const HEIGHT = 340;
const LEFT = 50;
const RIGHT = 230;
const TOP = 44;
const BOTTOM = 36;
const LABEL_HEIGHT = 17;
/** Distinct for people with color blindness too (Okabe and Ito), on white and on dark. */
const COLORS = ['#0072b2', '#56b4e9', '#009e73', '#cc79a7', '#d55e00', '#e69f00'];

/** Lines over categories at equal distances, each with its label at its end. */
export function lineChart(title: string, x: readonly string[], lines: readonly Line[]): string {
  const values = lines.flatMap((line) => line.values.filter((value) => value !== undefined));
  const max = roundUp(Math.max(...values));
  const toX = (index: number): number => LEFT + (index * (WIDTH - LEFT - RIGHT)) / Math.max(1, x.length - 1);
  const toY = (value: number): number => HEIGHT - BOTTOM - (value / max) * (HEIGHT - TOP - BOTTOM);
  const axes = [0, 0.5, 1].map((share) => {
    const y = coordinate(toY(share * max));
    return `<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/>
<text class="quiet" x="${LEFT - 8}" y="${y}" dy="4" text-anchor="end">${fixed(share * max, max < 4 ? 1 : 0)}</text>`;
  });
  const labels = x.map(
    (label, index) =>
      `<text class="quiet" x="${coordinate(toX(index))}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${escapeXml(label)}</text>`,
  );
  const labelY = spacedLabels(
    lines.map((line) => toY(line.values.findLast((value) => value !== undefined) ?? 0)),
  );
  const drawn = lines.map((line, index) => {
    const color = COLORS[index % COLORS.length];
    const points = line.values.flatMap((value, at) =>
      value === undefined ? [] : [`${coordinate(toX(at))},${coordinate(toY(value))}`],
    );
    const dots = points.map((point) => {
      const [cx, cy] = point.split(',');
      return `<circle cx="${cx}" cy="${cy}" r="3.5" fill="${color}"/>`;
    });
    const y = coordinate(labelY[index] ?? 0);
    return `<polyline class="line" stroke="${color}" points="${points.join(' ')}"/>${dots.join('')}
<circle cx="${WIDTH - RIGHT + 14}" cy="${y}" r="5" fill="${color}"/><text x="${WIDTH - RIGHT + 24}" y="${y}" dy="4">${escapeXml(line.label)}</text>`;
  });
  return svgImage(WIDTH, HEIGHT, title, [...axes, ...labels, ...drawn].join('\n'));
}

/** The same heights, moved down where labels would overlap, and up again where they would leave the image. */
function spacedLabels(heights: readonly number[]): number[] {
  const order = heights.map((_, index) => index).sort((a, b) => (heights[a] ?? 0) - (heights[b] ?? 0));
  const spaced: number[] = [];
  let next = TOP;
  order.forEach((index, position) => {
    const last = HEIGHT - BOTTOM - (order.length - 1 - position) * LABEL_HEIGHT;
    const y = Math.min(Math.max(heights[index] ?? 0, next), last);
    spaced[index] = y;
    next = y + LABEL_HEIGHT;
  });
  return spaced;
}
