import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { searchTransactions } from '../../../api/bank.ts';
import { useForm } from '../../../hooks/form.ts';
import { useStore } from '../../../hooks/store.ts';
import { LoadFault, Notice } from '../../../ui/notice.tsx';
import type { LiveAccount } from '../account/live-account.ts';
import { isFresh } from '../account/transaction-list.ts';
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
    <div aria-busy={state.phase === 'searching'}>
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

/** The latest transactions, growing at the top as they happen. */
export function LatestTransactions({ live }: { live: LiveAccount }): JSX.Element {
  const { list, fault } = useStore(live.state);
  return (
    <>
      {fault && (
        <LoadFault what="The list" answer={{ value: list, fault, reload: () => live.reload(false) }} />
      )}
      {list === undefined && !fault && (
        <p class="empty waiting" role="status">
          Loading the transactions …
        </p>
      )}
      {list?.rows.length === 0 && <p class="empty">Nothing has happened on this account yet.</p>}
      {list !== undefined && list.rows.length > 0 && (
        <>
          <TransactionTable
            caption="Latest transactions, the newest first"
            rows={list.rows}
            isFresh={(id) => isFresh(list, id)}
          />
          <Older live={live} isMore={list.nextCursor !== null} />
        </>
      )}
    </>
  );
}

function Older({ live, isMore }: { live: LiveAccount; isMore: boolean }): JSX.Element {
  const form = useForm();
  if (!isMore) return <p class="empty">These are all transactions of the account.</p>;
  return (
    <>
      {form.fault && <Notice kind="error">Older transactions could not be loaded: {form.fault.title}</Notice>}
      <button
        type="button"
        class="quiet small older"
        aria-disabled={form.isBusy}
        onClick={() => void form.run(() => live.showOlder())}
      >
        {form.isBusy ? 'Loading …' : 'Show older'}
      </button>
    </>
  );
}
