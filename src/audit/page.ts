import type { RedisStore } from '../redis/store.ts';
import { readRecord } from './chain.ts';
import { AUDIT_LOGS, type AuditLogName } from './logs.ts';
import { newestFirst, type StreamedRecord } from './records.ts';

/** The maximum number of records that one page scans, so that a rare filter does not block Redis. */
const MAX_SCANNED = 5000;

interface AuditQuery {
  limit: number;
  /** `next_cursor` of the previous page. */
  cursor?: string | undefined;
  log?: AuditLogName | undefined;
  action?: string | undefined;
  /** A user id: lists only records with this actor or subject. */
  user?: string | undefined;
}

export interface AuditPage {
  /** Newest first, each with the name of its `log`. */
  records: Record<string, unknown>[];
  /** For the next page; null if there are no older records. */
  next_cursor: string | null;
}

/**
 * A cursor: the id of the last record of a page. With `.security` it was the security log's record, and the other log
 * has one with the same id, which comes next.
 */
export const AUDIT_CURSOR = /^(\d{1,18}-\d{1,18})(\.security)?$/;

interface LoggedRecord {
  log: AuditLogName;
  entry: StreamedRecord;
}

/** A page of both audit logs, or of one, by time. @throws {RedisUnavailable} */
export async function readAuditPage(redis: RedisStore, query: AuditQuery): Promise<AuditPage> {
  const records: AuditPage['records'] = [];
  let scanned = 0;
  let last: LoggedRecord | undefined;
  for await (const next of newestOfAll(redis, query)) {
    if (last !== undefined && (records.length === query.limit || scanned === MAX_SCANNED))
      return { records, next_cursor: cursorBetween(last, next) };
    const record = { ...readable(next.entry.text), log: next.log };
    if (matches(record, query)) records.push(record);
    scanned += 1;
    last = next;
  }
  return { records, next_cursor: null };
}

/** The records of the logs by their ids, newest first; of two with the same id, first the security log's. */
async function* newestOfAll(redis: RedisStore, { cursor, log }: AuditQuery): AsyncGenerator<LoggedRecord> {
  const sources = AUDIT_LOGS.filter((name) => log === undefined || name === log).map((name) => ({
    log: name,
    entries: newestFirst(redis, name, startOf(name, cursor)),
  }));
  const heads = await Promise.all(sources.map(({ entries }) => entries.next()));
  for (;;) {
    let newest: { index: number; entry: StreamedRecord } | undefined;
    for (const [index, { value: entry }] of heads.entries())
      if (entry && (newest === undefined || isNewer(entry.id, newest.entry.id))) newest = { index, entry };
    const source = newest && sources[newest.index];
    if (newest === undefined || source === undefined) return;
    yield { log: source.log, entry: newest.entry };
    heads[newest.index] = await source.entries.next();
  }
}

/** Where to read a log from, as an argument of `XREVRANGE`. */
function startOf(log: AuditLogName, cursor: string | undefined): string {
  const [, id, isSecurity] = AUDIT_CURSOR.exec(cursor ?? '') ?? [];
  if (id === undefined) return '+';
  return isSecurity && log !== 'security' ? id : `(${id}`;
}

const cursorBetween = (last: LoggedRecord, next: LoggedRecord): string =>
  last.entry.id === next.entry.id ? `${last.entry.id}.${last.log}` : last.entry.id;

function isNewer(id: string, other: string): boolean {
  const [[ms = 0n, n = 0n], [otherMs = 0n, otherN = 0n]] = [id, other].map((text) =>
    text.split('-').map(BigInt),
  ) as [bigint[], bigint[]];
  return ms === otherMs ? n > otherN : ms > otherMs;
}

function readable(text: string): Record<string, unknown> {
  const record = readRecord(text);
  return Object.keys(record).length === 0 ? { unreadable: true } : record;
}

const matches = (record: Record<string, unknown>, { action, user }: AuditQuery): boolean =>
  (action === undefined || record.action === action) &&
  (user === undefined || record.actor === user || record.subject === user);
