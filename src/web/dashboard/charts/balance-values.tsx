import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { formatMoney } from '../../format.ts';
import type { BalanceChartProps } from './balance-chart.tsx';
import { regularBalances } from './balance-points.ts';
import { formatInstant } from './chart-time.ts';

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
