import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { auditRecords } from '../api/admin.ts';
import { hrefOf } from '../place.ts';
import { useAnswer } from '../shell/answer.ts';
import { LoadFault } from '../shell/load-fault.tsx';
import { AuditTable } from './audit-table.tsx';
import { useNames } from './names.ts';

const NEWEST = '5';

/** The newest of what has been recorded about and by the user. */
export function UserAudit({ id, version }: { id: string; version: number }): JSX.Element {
  const answer = useAnswer(() => auditRecords({ user: id, limit: NEWEST }), [id, version]);
  const records = answer.value?.records;
  const { known } = useNames(records);
  return (
    <section class="card" aria-labelledby="audit-heading">
      <h2 id="audit-heading">Newest audit records</h2>
      {answer.fault && <LoadFault answer={answer} what="The records" />}
      {records === undefined && !answer.fault && <p class="faint">Looking …</p>}
      {records?.length === 0 && <p class="faint">Nothing among the newest records.</p>}
      {records !== undefined && records.length > 0 && <AuditTable records={records} known={known} isBrief />}
      <p class="all">
        <a href={hrefOf({ page: 'audit', user: id })}>All records of this user</a>
      </p>
    </section>
  );
}
