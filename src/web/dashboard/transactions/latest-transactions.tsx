import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { useForm } from '../../shell/form.ts';
import { LoadFault } from '../../shell/load-fault.tsx';
import { Notice } from '../../shell/notice.tsx';
import { useStore } from '../../store.ts';
import type { LiveAccount } from '../account/live-account.ts';
import { isFresh } from '../account/transaction-list.ts';
import { TransactionTable } from './transaction-table.tsx';

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
        aria-disabled={String(form.isBusy)}
        onClick={() => void form.run(() => live.showOlder())}
      >
        {form.isBusy ? 'Loading …' : 'Show older'}
      </button>
    </>
  );
}
