import { type ChainEnd, hashOf, linkOf, readRecord, type StoredRecord } from './chain.ts';

/** The first record of a chain that was altered or removed. */
export interface ChainFault {
  /** The number of the altered record, or of the first missing one. */
  seq: number;
  what: 'altered' | 'removed';
}

/** Verifies a chain, one record after the other. */
export class ChainCheck {
  /** The number of intact records. */
  records = 0;
  oldest: { seq: number; time: string | undefined } | undefined;
  /** The last intact record, or the one that the first has to follow. */
  end: ChainEnd | undefined;

  /** @param after the record that the first one has to follow; if it is undefined, any is accepted */
  constructor(after?: ChainEnd) {
    this.end = after;
  }

  /** Adds the next record. Returns undefined if it is intact and follows the previous one. */
  add({ text, hash }: StoredRecord): ChainFault | undefined {
    const { seq, time, prev } = linkOf(text);
    const expected = this.end === undefined ? (seq ?? 1) : this.end.seq + 1;
    if (hashOf(text) !== hash || !isCanonical(text) || seq === undefined || seq < expected)
      return { seq: expected, what: 'altered' };
    if (seq > expected) return { seq: expected, what: 'removed' };
    if (this.end !== undefined && prev !== this.end.hash)
      return { seq: Math.max(1, expected - 1), what: 'altered' };
    this.oldest ??= { seq, time };
    this.end = { seq, hash };
    this.records += 1;
    return undefined;
  }
}

/** Whether a text is JSON exactly as it is written here, so that it has one line and can be read in one way only. */
const isCanonical = (text: string): boolean => JSON.stringify(readRecord(text)) === text;
