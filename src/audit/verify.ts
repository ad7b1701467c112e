import type { RedisLink } from '../redis/connection.ts';
import { auditKey } from '../redis/keys.ts';
import { hashOf, NO_RECORD } from './trail.ts';

const READ_AT_ONCE = 500;

/** What is wrong with the first record that is not as it was written. */
export interface AuditFault {
  /** The number of the record that was altered, or of the first one that is missing. */
  seq: number;
  what: 'altered' | 'removed';
}

export interface AuditVerdict {
  /** How many records are as they were written, up to the fault if there is one. */
  records: number;
  /** Number and hash of the last of them, to be compared with the log: only it knows of records taken from the end. */
  last: { seq: number; hash: string } | undefined;
  fault: AuditFault | undefined;
}

interface ReadRecord {
  text: string;
  hash: string;
}

/** Number of a record and hash of the one before; `prev` is undefined where any will do. */
interface ChainLink {
  seq: number;
  prev: string | undefined;
}

/**
 * Reads the whole trail and checks its chain. Old records go when there are more than `recordsMax`; where there are
 * fewer, the first one has to be number 1.
 * @throws {RedisUnavailable}
 */
export async function verifyAudit(redis: RedisLink, recordsMax: number): Promise<AuditVerdict> {
  let expected: ChainLink | undefined;
  let records = 0;
  let last: AuditVerdict['last'];
  for await (const record of readAll(redis)) {
    expected ??= await firstLink(redis, record, recordsMax);
    const fault = judge(record, expected);
    if (fault !== undefined) return { records, last, fault };
    last = { seq: expected.seq, hash: record.hash };
    expected = { seq: expected.seq + 1, prev: record.hash };
    records += 1;
  }
  return { records, last, fault: undefined };
}

/**
 * What the first record has to be: anything once the trail has been full, else number 1. Its length is asked for
 * after the record was read: had older ones been dropped by then, the trail would be full by now.
 */
async function firstLink(redis: RedisLink, { text }: ReadRecord, recordsMax: number): Promise<ChainLink> {
  const total = await redis.run((client) => client.xLen(auditKey()));
  if (total < recordsMax) return { seq: 1, prev: NO_RECORD };
  return { seq: readChain(text).seq ?? 1, prev: undefined };
}

function judge({ text, hash }: ReadRecord, expected: ChainLink): AuditFault | undefined {
  const { seq, prev } = readChain(text);
  if (hashOf(text) !== hash || seq === undefined || seq < expected.seq)
    return { seq: expected.seq, what: 'altered' };
  if (seq > expected.seq) return { seq: expected.seq, what: 'removed' };
  if (expected.prev === undefined || prev === expected.prev) return undefined;
  return { seq: Math.max(1, expected.seq - 1), what: 'altered' };
}

async function* readAll(redis: RedisLink): AsyncGenerator<ReadRecord> {
  let from = '-';
  for (;;) {
    const start = from;
    const entries =
      (await redis.run((client) => client.xRange(auditKey(), start, '+', { COUNT: READ_AT_ONCE }))) ?? [];
    for (const { message } of entries) yield { text: message.record ?? '', hash: message.hash ?? '' };
    const last = entries.at(-1);
    if (last === undefined || entries.length < READ_AT_ONCE) return;
    from = `(${last.id}`;
  }
}

function readChain(text: string): { seq: number | undefined; prev: string | undefined } {
  try {
    const { seq, prev } = JSON.parse(text) as Record<string, unknown>;
    return {
      seq: typeof seq === 'number' ? seq : undefined,
      prev: typeof prev === 'string' ? prev : undefined,
    };
  } catch {
    return { seq: undefined, prev: undefined };
  }
}
