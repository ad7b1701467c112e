import type { JSX } from 'preact';
import { formatMoney } from '../../../ui/format.ts';
import type { BalanceChartProps } from './balance-chart.tsx';
import { regularBalances } from './balance-points.ts';
import { formatInstant } from './chart-time.ts';

/** The content of the chart as a table. */
export const BalanceTable = ({ range, series, currency }: BalanceChartProps): JSX.Element => (
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
          <tr key={x}>
            <td>{formatInstant(x, range)}</td>
            <td class="amount">{formatMoney(y, currency)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </details>
);
