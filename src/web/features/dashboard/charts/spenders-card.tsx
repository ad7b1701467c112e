import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { biggestSpenders, type Spenders } from '../../../api/bank.ts';
import { useLoad } from '../../../hooks/load.ts';
import { throttle } from '../../../hooks/timing.ts';
import { formatMoney } from '../../../ui/format.ts';
import { LoadError } from '../../../ui/notice.tsx';
import type { LiveAccount } from '../account/live-account.ts';

const SHOWN = 5;
const RELOAD_INTERVAL_MIN_MS = 4000;

/** The payees with the highest spending, loaded again after debits. */
export function SpendersCard({ live }: { live: LiveAccount }): JSX.Element {
  const loaded = useLoad(() => biggestSpenders(live.account.id, SHOWN), [live.account.id]);
  useEffect(() => {
    const reload = throttle(RELOAD_INTERVAL_MIN_MS, () => void loaded.reload());
    const unsubscribe = live.subscribe({
      onTransactions: (added) => added.some(({ direction }) => direction === 'debit') && reload.call(),
      onGap: reload.call,
    });
    return () => {
      unsubscribe();
      reload.cancel();
    };
  }, [loaded.reload]);
  const { value } = loaded;
  return (
    <section class="card spenders-card" aria-labelledby="spenders-heading">
      <header class="card-head">
        <h2 id="spenders-heading">Top payees</h2>
      </header>
      <p class="faint">Where most of your money has gone so far.</p>
      {loaded.error && <LoadError what="The list" loaded={loaded} />}
      {value === undefined && !loaded.error && (
        <p class="spenders waiting" role="status">
          Loading …
        </p>
      )}
      {value?.spenders.length === 0 && <p class="empty">No spending yet.</p>}
      {value !== undefined && value.spenders.length > 0 && <Bars {...value} />}
    </section>
  );
}

/** A bar for each payee, in proportion to the first, which is the longest. */
function Bars({ spenders, currency }: Spenders): JSX.Element {
  const maxMinor = Math.max(1, ...spenders.map(({ amountMinor }) => amountMinor));
  return (
    <ol class="spenders" aria-labelledby="spenders-heading">
      {spenders.map(({ counterparty, amountMinor }) => (
        <li key={counterparty}>
          <span class="payee">{counterparty}</span> <strong>{formatMoney(amountMinor, currency)}</strong>
          <svg aria-hidden="true">
            <rect width={`${(100 * amountMinor) / maxMinor}%`} height="100%" rx="4" />
          </svg>
        </li>
      ))}
    </ol>
  );
}
