import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { searchTransactions } from '../../../api/bank.ts';
import { useForm } from '../../../hooks/form.ts';
import { useStore } from '../../../hooks/store.ts';
import { LoadError, Notice } from '../../../ui/notice.tsx';
import type { LiveAccount } from '../account/live-account.ts';
import { isFresh } from '../account/transaction-list.ts';
import { createSearch, hitsIn, type Search } from './search.ts';
import { SearchField } from './search-field.tsx';
import { TransactionTable } from './transaction-table.tsx';

const RESULTS_MAX = 50;

/** The latest transactions, or the results of a search. */
export function TransactionsCard({ live }: { live: LiveAccount }): JSX.Element {
  const { id } = live.account;
  const [search] = useState(() =>
    createSearch((term, signal) => searchTransactions(id, { term, limit: RESULTS_MAX }, signal)),
  );
  const state = useStore(search.state);
  useEffect(() => search.stop, []);
  const isSearch = state.phase === 'failed' || hitsIn(state) !== undefined;
  return (
    <section class="card transactions-card" aria-labelledby="transactions-heading">
      <header class="card-head">
        <h2 id="transactions-heading">{isSearch ? 'Search results' : 'Latest transactions'}</h2>
        <SearchField search={search} />
      </header>
      {isSearch ? <SearchResults search={search} /> : <LatestTransactions live={live} />}
    </section>
  );
}

function SearchResults({ search }: { search: Search }): JSX.Element | null {
  const state = useStore(search.state);
  if (state.phase === 'failed')
    return (
      <>
        <Notice kind="error">The search failed: {state.error}</Notice>
        <button type="button" class="quiet small" onClick={search.now}>
          Search again
        </button>
      </>
    );
  const hits = hitsIn(state);
  if (hits === undefined) return null;
  return (
    <div aria-busy={state.phase === 'searching'}>
      {hits.transactions.length === 0 ? (
        <p class="empty">
          No payee, description or category contains “{hits.term}”. Clear the search to see the latest
          transactions.
        </p>
      ) : (
        <TransactionTable caption="Transactions found" rows={hits.transactions} term={hits.term} />
      )}
    </div>
  );
}

function LatestTransactions({ live }: { live: LiveAccount }): JSX.Element {
  const { list, error } = useStore(live.state);
  return (
    <>
      {error && (
        <LoadError what="The list" loaded={{ value: list, error, reload: () => live.reload(false) }} />
      )}
      {list === undefined && !error && (
        <p class="empty waiting" role="status">
          Loading transactions …
        </p>
      )}
      {list?.rows.length === 0 && <p class="empty">There are no transactions yet.</p>}
      {list !== undefined && list.rows.length > 0 && (
        <>
          <TransactionTable
            caption="Latest transactions, newest first"
            rows={list.rows}
            isFresh={(id) => isFresh(list, id)}
          />
          <OlderButton live={live} hasMore={list.nextCursor !== null} />
        </>
      )}
    </>
  );
}

function OlderButton({ live, hasMore }: { live: LiveAccount; hasMore: boolean }): JSX.Element {
  const form = useForm();
  if (!hasMore) return <p class="empty">End of list</p>;
  return (
    <>
      {form.error && (
        <Notice kind="error">Older transactions could not be loaded: {form.error.message}</Notice>
      )}
      <button
        type="button"
        class="quiet small older"
        aria-disabled={form.isBusy}
        onClick={() => void form.run(() => live.loadOlder())}
      >
        {form.isBusy ? 'Loading …' : 'Show older'}
      </button>
    </>
  );
}
