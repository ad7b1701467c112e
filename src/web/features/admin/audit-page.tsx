import type { JSX } from 'preact';
import { type AuditRecord, auditRecords } from '../../api/admin.ts';
import { type LoadedPage, usePages } from '../../hooks/load.ts';
import { formatDateTime } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { More, PagesFault } from '../../ui/paged-list.tsx';
import { AuditFilter } from './audit-filter.tsx';
import { lookedBackTo } from './audit-labels.ts';
import { AuditTable } from './audit-table.tsx';
import { useNames } from './user-names.ts';

export interface AuditPageProps {
  user?: string | undefined;
  action?: string | undefined;
}

/** The audit trail, the newest first, perhaps of one user or one action. */
export function AuditPage({ user, action }: AuditPageProps): JSX.Element {
  const pages = usePages((cursor) => load({ user, action }, cursor), [user, action]);
  const { value } = pages;
  const { known, learn } = useNames(value?.items, user);
  return (
    <Page title="Audit trail">
      <section class="card" aria-label="Records">
        <AuditFilter
          user={user}
          userName={user === undefined ? '' : (known.get(user) ?? user)}
          action={action}
          onFound={({ id, username }) => learn(id, username)}
          onSame={() => void pages.reload()}
        />
        <PagesFault pages={pages} />
        <p class="faint count" role="status">
          {pages.fault ? '' : countOf(value)}
        </p>
        {value && value.items.length > 0 && <AuditTable records={value.items} known={known} />}
        <More label="Show older" end="There are no older records." pages={pages} />
      </section>
    </Page>
  );
}

async function load(filter: AuditPageProps, cursor: string | undefined): Promise<LoadedPage<AuditRecord>> {
  const { records, next_cursor } = await auditRecords({ ...filter, cursor });
  return { items: records, next: next_cursor };
}

/** How much has been found. The server looks through so many records at a time, and perhaps none of them matches. */
function countOf(page: LoadedPage<AuditRecord> | undefined): string {
  if (page === undefined) return 'Looking …';
  const { length } = page.items;
  const count = length === 0 ? 'No record' : length === 1 ? 'One record' : `${length} records`;
  if (page.next === null) return length === 0 ? 'No record matches.' : count;
  const instant = lookedBackTo(page.next);
  return instant === undefined ? count : `${count} found, looking back to ${formatDateTime(instant)}.`;
}
