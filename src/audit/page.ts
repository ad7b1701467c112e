import type { RedisLink } from '../redis/connection.ts';
import { auditKey } from '../redis/keys.ts';

const BATCH_SIZE = 200;
/** The maximum number of records that one page scans, so that a rare filter does not block Redis. */
const MAX_SCANNED = 5000;

interface AuditQuery {
  limit: number;
  /** `next_cursor` of the previous page. */
  cursor?: string | undefined;
  action?: string | undefined;
  /** A user id: lists only records with this actor or subject. */
  user?: string | undefined;
}

export interface AuditPage {
  /** Newest first. */
  records: Record<string, unknown>[];
  /** For the next page; null if there are no older records. */
  next_cursor: string | null;
}

/** A page of the audit log. @throws {RedisUnavailable} */
export async function readAuditPage(redis: RedisLink, query: AuditQuery): Promise<AuditPage> {
  const records: Record<string, unknown>[] = [];
  let end = query.cursor === undefined ? '+' : `(${query.cursor}`;
  for (let scanned = 0; scanned < MAX_SCANNED; scanned += BATCH_SIZE) {
    const before = end;
    const entries =
      (await redis.run((client) => client.xRevRange(auditKey(), before, '-', { COUNT: BATCH_SIZE }))) ?? [];
    for (const { id, message } of entries) {
      const record = readRecord(message.record ?? '');
      if (matches(record, query)) records.push(record);
      if (records.length === query.limit) return { records, next_cursor: id };
      end = `(${id}`;
    }
    if (entries.length < BATCH_SIZE) return { records, next_cursor: null };
  }
  return { records, next_cursor: end.slice(1) };
}

function readRecord(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { unreadable: true };
  }
}

const matches = (record: Record<string, unknown>, { action, user }: AuditQuery): boolean =>
  (action === undefined || record.action === action) &&
  (user === undefined || record.actor === user || record.subject === user);
