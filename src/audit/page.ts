import type { RedisLink } from '../redis/connection.ts';
import { auditKey } from '../redis/keys.ts';

const READ_AT_ONCE = 200;
/** How many records a filtered page looks through at the most, so that a rare filter can't hold Redis up. */
const MAX_LOOKED_AT = 5000;

export interface AuditQuery {
  limit: number;
  /** From an earlier page: go on before this record. */
  cursor?: string | undefined;
  action?: string | undefined;
  /** A user id: records about or by this user. */
  user?: string | undefined;
}

export interface AuditPage {
  /** Newest first. */
  records: Record<string, unknown>[];
  /** For the next page; null when there are no older records. */
  next_cursor: string | null;
}

/** A page of the audit trail. @throws {RedisUnavailable} */
export async function readAuditPage(redis: RedisLink, query: AuditQuery): Promise<AuditPage> {
  const records: Record<string, unknown>[] = [];
  let end = query.cursor === undefined ? '+' : `(${query.cursor}`;
  for (let looked = 0; looked < MAX_LOOKED_AT; looked += READ_AT_ONCE) {
    const before = end;
    const entries =
      (await redis.run((client) => client.xRevRange(auditKey(), before, '-', { COUNT: READ_AT_ONCE }))) ?? [];
    for (const { id, message } of entries) {
      const record = readRecord(message.record ?? '');
      if (matches(record, query)) records.push(record);
      if (records.length === query.limit) return { records, next_cursor: id };
      end = `(${id}`;
    }
    if (entries.length < READ_AT_ONCE) return { records, next_cursor: null };
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
