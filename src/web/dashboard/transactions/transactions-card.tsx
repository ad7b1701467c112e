import { useState } from 'hono/jsx/dom';
import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { searchTransactions } from '../../api/bank.ts';
import { useEffect } from '../../shell/effect.ts';
import { Notice } from '../../shell/notice.tsx';
import { useStore } from '../../store.ts';
import type { LiveAccount } from '../account/live-account.ts';
import { LatestTransactions } from './latest-transactions.tsx';
import { createSearch, hitsIn, type Search } from './search.ts';
import { SearchField } from './search-field.tsx';
import { TransactionTable } from './transaction-table.tsx';

const HITS_MOST = 50;

/** The latest transactions, or those that were searched for. */
export function TransactionsCard({ live }: { live: LiveAccount }): JSX.Element {
  const { id } = live.account;
  const [search] = useState(() =>
    createSearch((term, signal) => searchTransactions(id, { term, limit: HITS_MOST }, signal)),
  );
  const state = useStore(search.state);
  useEffect(() => search.stop, []);
  const isSearch = state.phase === 'fault' || hitsIn(state) !== undefined;
  return (
    <section class="card transactions-card" aria-labelledby="transactions-heading">
      <header class="card-head">
        <h2 id="transactions-heading">{isSearch ? 'Transactions found' : 'Latest transactions'}</h2>
        <SearchField search={search} />
      </header>
      {isSearch ? <Hits search={search} /> : <LatestTransactions live={live} />}
    </section>
  );
}

function Hits({ search }: { search: Search }): JSX.Element | null {
  const state = useStore(search.state);
  if (state.phase === 'fault')
    return (
      <>
        <Notice kind="error">The search failed: {state.title}</Notice>
        <button type="button" class="quiet small" onClick={search.now}>
          Search again
        </button>
      </>
    );
  const found = hitsIn(state);
  if (found === undefined) return null;
  return (
    <div aria-busy={String(state.phase === 'searching')}>
      {found.transactions.length === 0 ? (
        <p class="empty">
          No counterparty, description or type contains “{found.term}”. Clear the search to see the latest
          transactions again.
        </p>
      ) : (
        <TransactionTable caption="Transactions found" rows={found.transactions} term={found.term} />
      )}
    </div>
  );
}
