import { createHash } from 'node:crypto';
import type { AuditEvent } from './event.ts';

/** The first record's value for the hash of the previous record. */
export const NO_RECORD = '0'.repeat(64);

/** A record as it is stored: its text, and the SHA-256 of the text in hex. */
export interface StoredRecord {
  text: string;
  hash: string;
}

/** The last record of a chain, or of a part of it. */
export interface ChainEnd {
  seq: number;
  hash: string;
}

export const START_OF_CHAIN: ChainEnd = { seq: 0, hash: NO_RECORD };

/** A record that is about to be appended. */
export interface ChainedRecord extends ChainEnd, StoredRecord {
  record: Record<string, unknown>;
}

/** Numbers events and chains them to `end` with the hash of the previous record. */
export function chainRecords(
  end: ChainEnd,
  events: readonly { event: AuditEvent; nowMs: number }[],
): ChainedRecord[] {
  let { seq, hash } = end;
  return events.map(({ event, nowMs }) => {
    seq += 1;
    const record = { seq, time: new Date(nowMs).toISOString(), ...event, prev: hash };
    const text = JSON.stringify(record);
    hash = hashOf(text);
    return { seq, hash, text, record };
  });
}

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What links a record to the chain. Each part is undefined if it cannot be read. */
export interface RecordLink {
  seq: number | undefined;
  time: string | undefined;
  prev: string | undefined;
}

export function linkOf(text: string): RecordLink {
  const { seq, time, prev } = readRecord(text);
  return {
    seq: Number.isSafeInteger(seq) && (seq as number) > 0 ? (seq as number) : undefined,
    time: typeof time === 'string' ? time : undefined,
    prev: typeof prev === 'string' ? prev : undefined,
  };
}

/** The members of a record; none if its text is not a JSON object. */
export function readRecord(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
