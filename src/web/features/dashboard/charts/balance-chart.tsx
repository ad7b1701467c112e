import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { createStore, type Store, useStore } from '../../../hooks/store.ts';
import { formatMoney } from '../../../ui/format.ts';
import { type BalanceSeries, balancePlot } from './balance-plot.ts';
import { type BalanceRange, balanceAt, RANGE_MS, regularBalances, summaryOf } from './balance-points.ts';
import { Chart } from './chart.tsx';
import { useColorScheme } from './chart-look.ts';
import { formatInstant } from './chart-time.ts';

export interface BalanceChartProps {
  range: BalanceRange;
  series: BalanceSeries;
  currency: string;
}

/** The chart with its figures: in words, and the one that the pointer is at. */
export function BalanceChart({ range, series, currency }: BalanceChartProps): JSX.Element {
  const scheme = useColorScheme();
  const [pointed] = useState(() => createStore<number | undefined>(undefined));
  const summary = summaryOf(series.points);
  if (summary === undefined) return <p>There is no balance to show yet.</p>;
  const money = (amountMinor: number): string => formatMoney(amountMinor, currency);
  const [lowest, highest, now] = [summary.lowestMinor, summary.highestMinor, summary.nowMinor].map(money);
  return (
    <>
      <dl class="figures">
        <Figure name="Now" value={now} />
        <Figure name="Lowest" value={lowest} />
        <Figure name="Highest" value={highest} />
      </dl>
      <Readout pointed={pointed} range={range} series={series} money={money} />
      <Chart
        key={`${range} ${scheme}`}
        class="line-chart"
        label={`Line chart of the balance in the last ${range}: lowest ${lowest}, highest ${highest}, now ${now}.`}
        plot={balancePlot({ range, currency, onPoint: pointed.set })}
        data={series}
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

interface ReadoutProps {
  pointed: Store<number | undefined>;
  range: BalanceRange;
  series: BalanceSeries;
  money: (amountMinor: number) => string;
}

/** The balance where the pointer is; without one, the time that the chart shows. The table has it for everybody. */
function Readout({ pointed, range, series: { points, nowMs }, money }: ReadoutProps): JSX.Element {
  const ms = useStore(pointed);
  const balance = ms === undefined ? undefined : balanceAt(points, ms);
  const text =
    ms === undefined || balance === undefined
      ? `${formatInstant(nowMs - RANGE_MS[range], range)} – ${formatInstant(nowMs, range)}`
      : `${formatInstant(ms, range)}: ${money(balance)}`;
  return (
    <p class="readout" aria-hidden="true">
      {text}
    </p>
  );
}

/** What the chart of the balance shows, as a table. */
export const BalanceValues = ({ range, series, currency }: BalanceChartProps): JSX.Element => (
  <details>
    <summary>Balance as a table</summary>
    <table>
      <caption class="unseen">Balance in the last {range}</caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col" class="amount">
            Balance
          </th>
        </tr>
      </thead>
      <tbody>
        {regularBalances(series.points, range, series.nowMs).map(({ x, y }) => (
          <tr>
            <td>{formatInstant(x, range)}</td>
            <td class="amount">{formatMoney(y, currency)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </details>
);
