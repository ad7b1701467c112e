import type { JSX } from 'preact';
import type { AuditRecord } from '../../api/admin.ts';
import { hrefOf } from '../../route.ts';
import { language } from '../../ui/format.ts';
import { ACTION_WORDS, detailWords } from './audit-labels.ts';
import type { KnownNames } from './user-names.ts';

export interface AuditTableProps {
  records: readonly AuditRecord[];
  known: KnownNames;
  /** Without what only an investigation needs. */
  isBrief?: boolean;
}

const time = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' });

export const AuditTable = ({ records, known, isBrief = false }: AuditTableProps): JSX.Element => (
  <table class="cards audit">
    <caption class="unseen">Audit records, the newest first</caption>
    <thead>
      <tr>
        <th scope="col">Time</th>
        <th scope="col">What</th>
        <th scope="col">By</th>
        <th scope="col">To</th>
        <th scope="col">From address</th>
        <th scope="col">Detail</th>
        {!isBrief && <th scope="col">Trace</th>}
      </tr>
    </thead>
    <tbody>
      {records.map((record, index) => (
        <AuditRow key={record.seq ?? `-${index}`} record={record} known={known} isBrief={isBrief} />
      ))}
    </tbody>
  </table>
);

interface AuditRowProps {
  record: AuditRecord;
  known: KnownNames;
  isBrief: boolean;
}

function AuditRow({ record, known, isBrief }: AuditRowProps): JSX.Element {
  const { action, actor, subject, address, detail } = record;
  return (
    <tr>
      <td data-label="Time" class="numbers">
        {record.time && <time datetime={record.time}>{time.format(new Date(record.time))}</time>}
      </td>
      <th scope="row">
        {action === undefined ? 'A record that can not be read' : (ACTION_WORDS[action] ?? action)}{' '}
        {record.result === 'refused' && <span class="badge bad">refused</span>}
      </th>
      <Cell label="By">{actor && <Somebody id={actor} known={known} />}</Cell>
      <Cell label="To">{subject && <Somebody id={subject} known={known} />}</Cell>
      <Cell label="From address">{address}</Cell>
      <Cell label="Detail">{detail && detailWords(detail)}</Cell>
      {!isBrief && (
        <td>
          <Trace record={record} />
        </td>
      )}
    </tr>
  );
}

interface CellProps {
  label: string;
  children?: JSX.Element | string | undefined;
}

/** What a record doesn't say is left out where there are no columns. */
function Cell({ label, children = '' }: CellProps): JSX.Element {
  const isEmpty = children === '';
  return (
    <td data-label={label} class={isEmpty ? 'none' : undefined}>
      {isEmpty ? '–' : children}
    </td>
  );
}

/** A user by their name; whatever else has an id, by that. */
function Somebody({ id, known }: { id: string; known: KnownNames }): JSX.Element {
  const name = known.get(id);
  if (name !== undefined) return <a href={hrefOf({ page: 'user', id })}>{name}</a>;
  if (id === 'operator') return <>the command line</>;
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
