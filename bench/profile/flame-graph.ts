import { coordinate, escapeXml, svgImage } from '../report/svg.ts';
import type { Frame } from './tree.ts';

const WIDTH = 1200;
const ROW_HEIGHT = 17;
const TOP = 50;
const CHARACTER_WIDTH = 6.4;
/** Frames that would be narrower than this are left out. */
const MIN_WIDTH = 1;
const FONT = 'font:11px ui-monospace,monospace;fill:#1f2328';
/** By where a function is defined. Its text is dark on each of them, on a dark page too. */
const COLORS = { gateway: '#f6b26b', packages: '#a2d39c', node: '#9fc5e8', engine: '#cccccc' } as const;
const LEGEND = {
  gateway: 'the gateway',
  packages: 'packages',
  node: 'Node.js',
  engine: 'V8, native code, garbage collection',
} as const;

/**
 * A flame graph as an SVG image: callers above, what they call below, the width is the CPU time. The full name, place
 * and share of a frame show as its tooltip when the file is opened on its own.
 */
export function flameGraph(root: Frame, title: string): string {
  const rows: string[] = [];
  let depth = 0;
  const draw = (frame: Frame, x: number, row: number): void => {
    const width = (frame.totalMicros / root.totalMicros) * WIDTH;
    if (width < MIN_WIDTH) return;
    depth = Math.max(depth, row);
    rows.push(rectangle(frame, x, row, width, (100 * frame.totalMicros) / root.totalMicros));
    let childX = x;
    for (const child of frame.children.toSorted(byTime)) {
      draw(child, childX, row + 1);
      childX += (child.totalMicros / root.totalMicros) * WIDTH;
    }
  };
  draw(root, 0, 0);
  return svgImage(WIDTH, TOP + (depth + 1) * ROW_HEIGHT, title, [legend(), ...rows].join('\n'));
}

const byTime = (one: Frame, other: Frame): number => other.totalMicros - one.totalMicros;

function rectangle({ name, place }: Frame, x: number, row: number, width: number, percent: number): string {
  const y = TOP + row * ROW_HEIGHT;
  const characters = Math.floor((width - 4) / CHARACTER_WIDTH);
  const label = name.length <= characters ? name : `${name.slice(0, Math.max(0, characters - 1))}…`;
  const text =
    characters < 3
      ? ''
      : `<text x="${coordinate(x + 3)}" y="${y + 12}" style="${FONT}">${escapeXml(label)}</text>`;
  const tooltip = escapeXml(`${name} ${place} ${percent.toFixed(1)} %`);
  return `<g><title>${tooltip}</title><rect x="${coordinate(x)}" y="${y}" width="${coordinate(width - 0.3)}" height="${ROW_HEIGHT - 1}" fill="${colorOf(place)}"/>${text}</g>`;
}

function colorOf(place: string): string {
  if (place.startsWith('src/') || place.startsWith('bench/')) return COLORS.gateway;
  if (place.startsWith('node:')) return COLORS.node;
  return place === '' ? COLORS.engine : COLORS.packages;
}

function legend(): string {
  const kinds = Object.keys(COLORS) as (keyof typeof COLORS)[];
  let x = 0;
  return kinds
    .map((kind) => {
      const at = x;
      x += 30 + LEGEND[kind].length * 7;
      return `<rect x="${at}" y="28" width="12" height="12" fill="${COLORS[kind]}"/><text class="quiet" x="${at + 17}" y="38">${LEGEND[kind]}</text>`;
    })
    .join('');
}
