import { useEffect, useState } from 'preact/hooks';

const darkness = window.matchMedia('(prefers-color-scheme: dark)');

/** The current color scheme. A canvas keeps the colors it was drawn with. */
export function useColorScheme(): 'light' | 'dark' {
  const [isDark, setDark] = useState(darkness.matches);
  useEffect(() => {
    const update = (): void => setDark(darkness.matches);
    update();
    darkness.addEventListener('change', update);
    return () => darkness.removeEventListener('change', update);
  }, []);
  return isDark ? 'dark' : 'light';
}

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
  const color = (name: string): string => root.getPropertyValue(name).trim();
  return {
    line: color('--chart-line'),
    fill: color('--chart-fill'),
    bar: color('--chart-bar'),
    grid: color('--chart-grid'),
    text: color('--text'),
    faint: color('--faint'),
    font: (sizePx, weight = 400) => `${weight} ${sizePx}px ${family}`,
  };
}
