import type { RedisLink } from '../redis/connect.ts';
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
  records: number;
  fault: AuditFault | undefined;
}

interface ReadRecord {
  id: string;
  text: string;
  hash: string;
}

/**
 * Reads the whole trail and checks its chain. Old records go when there are more than `recordsMax`; where there are
 * fewer, the first one has to be number 1.
 * @throws {RedisUnavailable}
 */
export async function verifyAudit(redis: RedisLink, recordsMax: number): Promise<AuditVerdict> {
  const total = await redis.run((client) => client.xLen(auditKey()));
  let expected =
    total < recordsMax ? { seq: 1, prev: NO_RECORD as string | undefined } : { seq: 0, prev: undefined };
  let records = 0;
  for await (const record of readAll(redis)) {
    const { seq, prev } = readChain(record.text);
    if (expected.seq === 0) expected = { seq: seq ?? 1, prev };
    const fault = judge(record, { seq, prev }, expected);
    if (fault !== undefined) return { records, fault };
    expected = { seq: expected.seq + 1, prev: record.hash };
    records += 1;
  }
  return { records, fault: undefined };
}

interface ChainLink {
  seq: number | undefined;
  prev: string | undefined;
}

function judge(
  record: ReadRecord,
  found: ChainLink,
  expected: { seq: number; prev: string | undefined },
): AuditFault | undefined {
  if (hashOf(record.text) !== record.hash || found.seq === undefined)
    return { seq: expected.seq, what: 'altered' };
  if (found.seq > expected.seq) return { seq: expected.seq, what: 'removed' };
  if (found.prev !== expected.prev || found.seq < expected.seq)
    return { seq: expected.seq - 1, what: 'altered' };
  return undefined;
}

async function* readAll(redis: RedisLink): AsyncGenerator<ReadRecord> {
  let from = '-';
  for (;;) {
    const start = from;
    const entries =
      (await redis.run((client) => client.xRange(auditKey(), start, '+', { COUNT: READ_AT_ONCE }))) ?? [];
    for (const { id, message } of entries) yield { id, text: message.record ?? '', hash: message.hash ?? '' };
    const last = entries.at(-1);
    if (last === undefined || entries.length < READ_AT_ONCE) return;
    from = `(${last.id}`;
  }
}

function readChain(text: string): ChainLink {
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
