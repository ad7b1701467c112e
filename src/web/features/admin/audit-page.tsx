import type { JSX } from 'preact';
import { type AuditRecord, auditRecords } from '../../api/admin.ts';
import { type ListPage, usePagedList } from '../../hooks/load.ts';
import { formatDateTime } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { MoreButton, PagedListError } from '../../ui/paged-list.tsx';
import { AuditFilter } from './audit-filter.tsx';
import { searchedBackTo } from './audit-labels.ts';
import { AuditTable } from './audit-table.tsx';
import { useUserNames } from './user-names.ts';

interface AuditPageProps {
  user?: string | undefined;
  action?: string | undefined;
}

/** The audit trail, newest first, optionally of one user or one action. */
export function AuditPage({ user, action }: AuditPageProps): JSX.Element {
  const list = usePagedList((cursor) => load({ user, action }, cursor), [user, action]);
  const { value } = list;
  const { names, add } = useUserNames(value?.items, user);
  return (
    <Page title="Audit trail">
      <section class="card" aria-label="Records">
        <AuditFilter
          user={user}
          userName={user === undefined ? '' : (names.get(user) ?? user)}
          action={action}
          onFound={({ id, username }) => add(id, username)}
          onSame={() => void list.reload()}
        />
        <PagedListError list={list} />
        <p class="faint list-count" role="status">
          {list.error ? '' : countText(value)}
        </p>
        {value && value.items.length > 0 && <AuditTable records={value.items} names={names} />}
        <MoreButton label="Show older" end="End of list" list={list} />
      </section>
    </Page>
  );
}

async function load(filter: AuditPageProps, cursor: string | undefined): Promise<ListPage<AuditRecord>> {
  const { records, next_cursor } = await auditRecords({ ...filter, cursor });
  return { items: records, next: next_cursor };
}

/** The server searches a limited number of records per page, and perhaps none of them matches. */
function countText(page: ListPage<AuditRecord> | undefined): string {
  if (page === undefined) return 'Loading …';
  const { length } = page.items;
  const count = length === 0 ? 'No matching records' : length === 1 ? '1 record' : `${length} records`;
  const instant = page.next === null ? undefined : searchedBackTo(page.next);
  return instant === undefined ? count : `${count} since ${formatDateTime(instant)}`;
}
