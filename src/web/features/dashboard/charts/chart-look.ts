import { useSyncExternalStore } from 'hono/jsx/dom';

const darkness = window.matchMedia('(prefers-color-scheme: dark)');

const followScheme = (listener: () => void): (() => void) => {
  darkness.addEventListener('change', listener);
  return () => darkness.removeEventListener('change', listener);
};

/** The colour scheme of the moment. A canvas keeps the colours it was drawn with. */
export const useColourScheme = (): 'light' | 'dark' =>
  useSyncExternalStore(followScheme, () => (darkness.matches ? 'dark' : 'light'));

/** What a chart is drawn with. */
export interface ChartLook {
  line: string;
  fill: string;
  bar: string;
  grid: string;
  text: string;
  faint: string;
  /** A font for the canvas, of so many CSS pixels. */
  font(sizePx: number, weight?: number): string;
}

/** The look that the style sheets give at this moment. */
export function chartLook(): ChartLook {
  const root = getComputedStyle(document.documentElement);
  const family = getComputedStyle(document.body).fontFamily;
  const colour = (name: string): string => root.getPropertyValue(name).trim();
  return {
    line: colour('--chart-line'),
    fill: colour('--chart-fill'),
    bar: colour('--chart-bar'),
    grid: colour('--chart-grid'),
    text: colour('--text'),
    faint: colour('--faint'),
    font: (sizePx, weight = 400) => `${weight} ${sizePx}px ${family}`,
  };
}
