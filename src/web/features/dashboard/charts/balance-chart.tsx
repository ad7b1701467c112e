import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { createStore, type Store, useStore } from '../../../hooks/store.ts';
import { formatMoney } from '../../../ui/format.ts';
import { TableHead } from '../../../ui/table-head.tsx';
import { type BalancePlot, type BalanceSeries, createBalancePlot } from './balance-plot.ts';
import { type BalanceRange, balanceAt, RANGE_MS, regularBalances, summarize } from './balance-points.ts';
import { formatInstant } from './chart-time.ts';

interface BalanceChartProps {
  range: BalanceRange;
  series: BalanceSeries;
  currency: string;
}

/** The chart, its summary in figures, and the balance at the pointer. */
export function BalanceChart({ range, series, currency }: BalanceChartProps): JSX.Element {
  const scheme = useColorScheme();
  const [pointer] = useState(() => createStore<number | undefined>(undefined));
  const summary = summarize(series.points);
  if (summary === undefined) return <p>There is no balance yet.</p>;
  const [lowest, highest, current] = [summary.lowestMinor, summary.highestMinor, summary.currentMinor].map(
    (amountMinor) => formatMoney(amountMinor, currency),
  );
  return (
    <>
      <dl class="figures">
        <Figure name="Now" value={current} />
        <Figure name="Lowest" value={lowest} />
        <Figure name="Highest" value={highest} />
      </dl>
      <Readout pointer={pointer} range={range} series={series} currency={currency} />
      <Plot
        key={`${range} ${scheme}`}
        label={`Line chart of the balance in the last ${range}: lowest ${lowest}, highest ${highest}, now ${current}.`}
        range={range}
        currency={currency}
        series={series}
        onPointer={pointer.set}
      />
    </>
  );
}

const Figure = ({ name, value }: { name: string; value: string | undefined }): JSX.Element => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
);

/** The balance at the pointer or, without one, the time range of the chart. The table has the same for everybody. */
function Readout({
  pointer,
  range,
  series: { points, nowMs },
  currency,
}: BalanceChartProps & { pointer: Store<number | undefined> }): JSX.Element {
  const ms = useStore(pointer);
  const balance = ms === undefined ? undefined : balanceAt(points, ms);
  const text =
    ms === undefined || balance === undefined
      ? `${formatInstant(nowMs - RANGE_MS[range], range)} – ${formatInstant(nowMs, range)}`
      : `${formatInstant(ms, range)}: ${formatMoney(balance, currency)}`;
  return (
    <p class="readout" aria-hidden="true">
      {text}
    </p>
  );
}

interface PlotProps extends BalanceChartProps {
  /** Describes the chart to screen readers. */
  label: string;
  onPointer: (ms: number | undefined) => void;
}

/** The plot fills its element. It is created once and updated with new data; another range needs another `key`. */
function Plot({ label, range, currency, series, onPointer }: PlotProps): JSX.Element {
  const container = useRef<HTMLDivElement>(null);
  const plot = useRef<BalancePlot | null>(null);
  useEffect(() => {
    const element = container.current;
    if (element === null) return;
    const created = createBalancePlot(element, { range, currency, onPointer }, series);
    const observer = new ResizeObserver(created.fit);
    observer.observe(element);
    plot.current = created;
    return () => {
      observer.disconnect();
      plot.current = null;
      created.destroy();
    };
  }, []);
  useEffect(() => plot.current?.show(series), [series]);
  return <div ref={container} class="chart" role="img" aria-label={label} />;
}

const darkScheme = window.matchMedia('(prefers-color-scheme: dark)');

/** The current color scheme. A canvas keeps the colors with which it was drawn. */
function useColorScheme(): 'light' | 'dark' {
  const [isDark, setDark] = useState(darkScheme.matches);
  useEffect(() => {
    const update = (): void => setDark(darkScheme.matches);
    update();
    darkScheme.addEventListener('change', update);
    return () => darkScheme.removeEventListener('change', update);
  }, []);
  return isDark ? 'dark' : 'light';
}

/** The content of the chart as a table. */
export const BalanceTable = ({ range, series, currency }: BalanceChartProps): JSX.Element => (
  <details>
    <summary>Balance as a table</summary>
    <table>
      <TableHead caption={`Balance in the last ${range}`} columns={['Time']} amounts={['Balance']} />
      <tbody>
        {regularBalances(series.points, range, series.nowMs).map(({ x, y }) => (
          <tr key={x}>
            <td>{formatInstant(x, range)}</td>
            <td class="amount">{formatMoney(y, currency)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </details>
);
