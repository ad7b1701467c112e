import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';

export interface ChartSize {
  width: number;
  height: number;
}

/** Draws a chart into an element. */
export type Plot<Data> = (target: HTMLElement, size: ChartSize, data: Data) => Plotted<Data>;

export interface Plotted<Data> {
  plot: uPlot;
  show(data: Data): void;
}

export interface ChartProps<Data> {
  /** What there is to see, in words. */
  label: string;
  class: string;
  plot: Plot<Data>;
  data: Data;
}

/**
 * A chart that fills its place. It is made once: new data are drawn into it. Whoever wants it made anew gives it
 * another `key`.
 */
export function Chart<Data>({ label, class: className, plot, data }: ChartProps<Data>): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plotted = useRef<Plotted<Data> | null>(null);
  useEffect(() => {
    const target = place.current;
    if (target === null) return;
    const made = plot(target, sizeOf(target), data);
    const observer = new ResizeObserver(() => resize(made.plot, sizeOf(target)));
    observer.observe(target);
    plotted.current = made;
    return () => {
      observer.disconnect();
      plotted.current = null;
      made.plot.destroy();
    };
  }, []);
  useEffect(() => {
    plotted.current?.show(data);
    return undefined;
  }, [data]);
  return <div ref={place} class={`chart ${className}`} role="img" aria-label={label} />;
}

const sizeOf = ({ clientWidth, clientHeight }: HTMLElement): ChartSize => ({
  width: clientWidth,
  height: clientHeight,
});

function resize(plot: uPlot, size: ChartSize): void {
  if (size.width !== plot.width || size.height !== plot.height) plot.setSize(size);
}
