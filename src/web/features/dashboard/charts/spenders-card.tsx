import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { biggestSpenders, type Spenders } from '../../../api/bank.ts';
import { useAnswer } from '../../../hooks/load.ts';
import { atMostEvery } from '../../../hooks/timing.ts';
import { formatMoney } from '../../../ui/format.ts';
import { LoadFault } from '../../../ui/notice.tsx';
import type { LiveAccount } from '../account/live-account.ts';
import { Chart } from './chart.tsx';
import { useColorScheme } from './chart-look.ts';
import { spendersPlot } from './spenders-plot.ts';

const SHOWN = 5;
const RELOAD_MS = 4000;

/** With whom the most was spent. After a debit it is asked for again, not more often than every few seconds. */
export function SpendersCard({ live }: { live: LiveAccount }): JSX.Element {
  const scheme = useColorScheme();
  const answer = useAnswer(() => biggestSpenders(live.account.id, SHOWN), [live.account.id]);
  useEffect(() => {
    const reload = atMostEvery(RELOAD_MS, () => void answer.reload());
    const stopListening = live.listen({
      onArrival: (arrived) => arrived.some(({ direction }) => direction === 'debit') && reload.ask(),
      onGap: reload.ask,
    });
    return () => {
      stopListening();
      reload.stop();
    };
  }, [answer.reload]);
  const { value } = answer;
  return (
    <section class="card spenders-card" aria-labelledby="spenders-heading">
      <header class="card-head">
        <h2 id="spenders-heading">Biggest spenders</h2>
      </header>
      <p class="faint">Where most of the money has gone so far.</p>
      {answer.fault && <LoadFault what="The chart" answer={answer} />}
      {value === undefined && !answer.fault && (
        <p class="chart bar-chart waiting" role="status">
          Loading the chart …
        </p>
      )}
      {value?.spenders.length === 0 && <p class="empty">Nothing has been spent yet.</p>}
      {value !== undefined && value.spenders.length > 0 && (
        <>
          <Chart key={scheme} class="bar-chart" label={labelOf(value)} plot={spendersPlot} data={value} />
          <SpendersValues {...value} />
        </>
      )}
    </section>
  );
}

function labelOf({ spenders, currency }: Spenders): string {
  const [first] = spenders;
  const most = first && `most with ${first.counterparty}: ${formatMoney(first.amountMinor, currency)}`;
  return `Bar chart of the ${spenders.length} biggest spenders, ${most}.`;
}

/** What the chart shows, as a table. */
const SpendersValues = ({ spenders, currency }: Spenders): JSX.Element => (
  <details>
    <summary>Spenders as a table</summary>
    <table>
      <caption class="unseen">Biggest spenders</caption>
      <thead>
        <tr>
          <th scope="col">Counterparty</th>
          <th scope="col" class="amount">
            Spent
          </th>
        </tr>
      </thead>
      <tbody>
        {spenders.map(({ counterparty, amountMinor }) => (
          <tr>
            <th scope="row">{counterparty}</th>
            <td class="amount">{formatMoney(amountMinor, currency)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </details>
);
