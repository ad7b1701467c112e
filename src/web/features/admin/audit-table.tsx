import type { JSX, RenderableProps } from 'preact';
import type { AuditRecord } from '../../api/admin.ts';
import { language } from '../../language.ts';
import { hrefOf } from '../../route.ts';
import { TableHead } from '../../ui/table-head.tsx';
import { actionLabel, detailText } from './audit-labels.ts';
import type { UserNames } from './user-names.ts';

interface AuditTableProps {
  records: readonly AuditRecord[];
  names: UserNames;
  /** Without the column of ids. */
  isBrief?: boolean;
}

const COLUMNS = ['Time', 'Action', 'Actor', 'Subject', 'Address', 'Detail'];
const time = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' });

export const AuditTable = ({ records, names, isBrief = false }: AuditTableProps): JSX.Element => (
  <table class="cards audit">
    <TableHead caption="Audit records, newest first" columns={isBrief ? COLUMNS : [...COLUMNS, 'Trace']} />
    <tbody>
      {records.map((record, index) => (
        <AuditRow
          key={record.seq === undefined ? `-${index}` : `${record.log} ${record.seq}`}
          record={record}
          names={names}
          isBrief={isBrief}
        />
      ))}
    </tbody>
  </table>
);

interface AuditRowProps {
  record: AuditRecord;
  names: UserNames;
  isBrief: boolean;
}

function AuditRow({ record, names, isBrief }: AuditRowProps): JSX.Element {
  const { actor, operator, subject, account, address, detail = statusText(record) } = record;
  return (
    <tr>
      <td data-label="Time" class="numbers">
        {record.time && <time datetime={record.time}>{time.format(new Date(record.time))}</time>}
      </td>
      <th scope="row">
        {actionLabel(record)} {record.result === 'refused' && <span class="badge bad">refused</span>}
        {record.result === 'unknown' && <span class="badge bad">result unknown</span>}
      </th>
      <Cell label="Actor">{actor && <Party id={actor} names={names} operator={operator} />}</Cell>
      <Cell label="Subject">
        {subject ? <Party id={subject} names={names} /> : account && <span class="mono">{account}</span>}
      </Cell>
      <Cell label="Address">{address}</Cell>
      <Cell label="Detail">{detail && detailText(detail)}</Cell>
      {!isBrief && (
        <td>
          <Trace record={record} />
        </td>
      )}
    </tr>
  );
}

const statusText = ({ status }: AuditRecord): string | undefined =>
  status === undefined ? undefined : `status ${status}`;

/** An empty cell is hidden where rows are shown as cards. */
function Cell({ label, children = '' }: RenderableProps<{ label: string }>): JSX.Element {
  const isEmpty = children === '';
  return (
    <td data-label={label} class={isEmpty ? 'empty-cell' : undefined}>
      {isEmpty ? '–' : children}
    </td>
  );
}

/** A user by name; anything else by its id. */
function Party({
  id,
  names,
  operator,
}: {
  id: string;
  names: UserNames;
  operator?: string | undefined;
}): JSX.Element {
  const name = names.get(id);
  if (name !== undefined) return <a href={hrefOf({ page: 'user', id })}>{name}</a>;
  if (id === 'operator') return <>the command line{operator && ` (${operator})`}</>;
  return <span class="mono">{id}</span>;
}

const Trace = ({ record: { seq, requestId, session } }: { record: AuditRecord }): JSX.Element => (
  <details>
    <summary>
      Ids <span class="unseen">of record {seq ?? 'unknown'}</span>
    </summary>
    <dl class="facts">
      <dt>Record</dt>
      <dd>{seq ?? '–'}</dd>
      <dt>Request</dt>
      <dd class="mono">{requestId ?? '–'}</dd>
      <dt>Session</dt>
      <dd class="mono">{session ?? '–'}</dd>
    </dl>
  </details>
);
