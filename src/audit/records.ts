import { auditKey } from '../redis/keys.ts';
import type { RedisStore } from '../redis/store.ts';
import type { StoredRecord } from './chain.ts';
import type { AuditLogName } from './logs.ts';

/** A record with its id in the stream, `<milliseconds>-<number>`. */
export interface StreamedRecord extends StoredRecord {
  id: string;
}

const OLDEST_FIRST_BATCH = 500;
const NEWEST_FIRST_BATCH = 200;

const toRecord = ({ id, message }: { id: string; message: Record<string, string> }): StreamedRecord => ({
  id,
  text: message.record ?? '',
  hash: message.hash ?? '',
});

/** All records of a log after the one with the id `after`, oldest first. @throws {RedisUnavailable} */
export async function* oldestFirst(
  redis: RedisStore,
  log: AuditLogName,
  after?: string,
): AsyncGenerator<StreamedRecord, void, undefined> {
  const options = { COUNT: OLDEST_FIRST_BATCH };
  let from = after === undefined ? '-' : `(${after}`;
  for (;;) {
    const start = from;
    const entries =
      (await redis.runFor(auditKey(log), (client) => client.xRange(auditKey(log), start, '+', options))) ??
      [];
    yield* entries.map(toRecord);
    const last = entries.at(-1);
    if (last === undefined || entries.length < OLDEST_FIRST_BATCH) return;
    from = `(${last.id}`;
  }
}

/** All records of a log from `end` on, an id or `(` with one to exclude it, newest first. @throws {RedisUnavailable} */
export async function* newestFirst(
  redis: RedisStore,
  log: AuditLogName,
  end: string,
): AsyncGenerator<StreamedRecord, void, undefined> {
  const options = { COUNT: NEWEST_FIRST_BATCH };
  let to = end;
  for (;;) {
    const before = to;
    const entries =
      (await redis.runFor(auditKey(log), (client) =>
        client.xRevRange(auditKey(log), before, '-', options),
      )) ?? [];
    yield* entries.map(toRecord);
    const last = entries.at(-1);
    if (last === undefined || entries.length < NEWEST_FIRST_BATCH) return;
    to = `(${last.id}`;
  }
}
