import type { RedisLink } from '../redis/connection.ts';
import { auditKey } from '../redis/keys.ts';
import { hashOf, NO_RECORD } from './audit-log.ts';

const BATCH_SIZE = 500;

/** The first record that was altered or removed. */
interface AuditFault {
  /** The number of the altered record, or of the first missing one. */
  seq: number;
  what: 'altered' | 'removed';
}

export interface AuditVerdict {
  /** The number of intact records, up to the fault if there is one. */
  records: number;
  /** The last intact record. Compare its hash with the process log: only that shows records removed from the end. */
  last: { seq: number; hash: string } | undefined;
  fault: AuditFault | undefined;
}

interface StoredRecord {
  text: string;
  hash: string;
}

/** The number of a record and the hash of the previous one; `prev` is undefined if any hash is accepted. */
interface ChainLink {
  seq: number;
  prev: string | undefined;
}

/**
 * Reads the whole audit log and verifies its chain. The oldest records are dropped once there are more than
 * `recordsMax`; if there are fewer, the first record must be number 1. @throws {RedisUnavailable}
 */
export async function verifyAudit(redis: RedisLink, recordsMax: number): Promise<AuditVerdict> {
  let expected: ChainLink | undefined;
  let records = 0;
  let last: AuditVerdict['last'];
  for await (const record of readAll(redis)) {
    expected ??= await firstLink(redis, record, recordsMax);
    const fault = faultOf(record, expected);
    if (fault !== undefined) return { records, last, fault };
    last = { seq: expected.seq, hash: record.hash };
    expected = { seq: expected.seq + 1, prev: record.hash };
    records += 1;
  }
  return { records, last, fault: undefined };
}

/**
 * What the first record must be: number 1, or any number once the log has been full. The length is read after the
 * record: if older records had been dropped before, the log is full by now.
 */
async function firstLink(redis: RedisLink, { text }: StoredRecord, recordsMax: number): Promise<ChainLink> {
  const total = await redis.run((client) => client.xLen(auditKey()));
  if (total < recordsMax) return { seq: 1, prev: NO_RECORD };
  return { seq: readChain(text).seq ?? 1, prev: undefined };
}

function faultOf({ text, hash }: StoredRecord, expected: ChainLink): AuditFault | undefined {
  const { seq, prev } = readChain(text);
  if (hashOf(text) !== hash || seq === undefined || seq < expected.seq)
    return { seq: expected.seq, what: 'altered' };
  if (seq > expected.seq) return { seq: expected.seq, what: 'removed' };
  if (expected.prev === undefined || prev === expected.prev) return undefined;
  return { seq: Math.max(1, expected.seq - 1), what: 'altered' };
}

async function* readAll(redis: RedisLink): AsyncGenerator<StoredRecord> {
  let from = '-';
  for (;;) {
    const start = from;
    const entries =
      (await redis.run((client) => client.xRange(auditKey(), start, '+', { COUNT: BATCH_SIZE }))) ?? [];
    for (const { message } of entries) yield { text: message.record ?? '', hash: message.hash ?? '' };
    const last = entries.at(-1);
    if (last === undefined || entries.length < BATCH_SIZE) return;
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
