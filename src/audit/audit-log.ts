import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import { type RedisLink, RedisUnavailable } from '../redis/connection.ts';
import { auditKey } from '../redis/keys.ts';
import { defineScript, runScript } from '../redis/scripts.ts';
import type { AuditEvent, AuditLog } from './event.ts';

/** Attempts to append after records that other processes append at the same time. */
const MAX_ATTEMPTS = 50;
const MAX_BATCH_SIZE = 100;
/** A pause after each batch. Without it, one busy process would starve all others. */
const PAUSE_MS = 2;

/** The first record's value for the hash of the previous record. */
export const NO_RECORD = '0'.repeat(64);

/**
 * Appends records only if the last record is still the one that they are chained to. An entry without a hash was not
 * written here; the chain continues after it, and `portcullis audit verify` reports it.
 * KEYS: audit. ARGV: expected hash of the last record, maximum number of records, then pairs of record and hash.
 * Returns `appended`, or `behind` with the hash and the text of the last record.
 */
const APPEND_RECORDS = defineScript(
  'audit-append',
  `
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local hash, text = '${NO_RECORD}', ''
if last then hash, text = last[2][4] or '', last[2][2] end
if hash ~= ARGV[1] then return { 'behind', hash, text } end
for i = 3, #ARGV, 2 do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'record', ARGV[i], 'hash', ARGV[i + 1])
end
return { 'appended' }
`,
);

/** The end of the chain when this process last wrote or read it. */
interface ChainEnd {
  seq: number;
  hash: string;
}

interface PendingRecord {
  event: AuditEvent;
  nowMs: number;
  resolve: () => void;
  reject: (fault: unknown) => void;
}

interface ChainedRecord extends ChainEnd {
  text: string;
  event: AuditEvent;
}

/**
 * The audit log in a capped stream. Each record is numbered and stored with the SHA-256 of the previous record and of
 * itself, so altering or removing a record is detectable. An attacker with write access to Redis could forge the
 * whole chain, so each hash is also written to the process log, which is stored elsewhere. Numbers never decrease
 * within a process, so removing records from the end is detectable as soon as another one follows.
 *
 * Records that arrive during a write are written together in the next round trip.
 */
export class RedisAuditLog implements AuditLog {
  readonly #redis: RedisLink;
  readonly #log: Logger;
  readonly #recordsMax: number;
  #end: ChainEnd = { seq: 0, hash: NO_RECORD };
  #pending: PendingRecord[] = [];
  #isWriting = false;

  constructor(redis: RedisLink, log: Logger, recordsMax: number) {
    this.#redis = redis;
    this.#log = log;
    this.#recordsMax = recordsMax;
  }

  record(event: AuditEvent, nowMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#pending.push({ event, nowMs, resolve, reject });
    if (!this.#isWriting) void this.#writeAll();
    return promise;
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#pending.length > 0) {
      await this.#write(this.#pending.splice(0, MAX_BATCH_SIZE));
      await delay(PAUSE_MS);
    }
    this.#isWriting = false;
  }

  async #write(batch: readonly PendingRecord[]): Promise<void> {
    try {
      const records = await this.#append(batch);
      for (const { event, seq, hash } of records)
        this.#log.info({ event: 'audit', action: event.action, result: event.result, seq, hash });
      for (const { resolve } of batch) resolve();
    } catch (err) {
      for (const { event, reject } of batch) {
        this.#log.error(
          { event: 'audit_not_kept', record: event, err },
          'an audit record could not be stored',
        );
        reject(err);
      }
    }
  }

  async #append(batch: readonly PendingRecord[]): Promise<ChainedRecord[]> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const records = chain(this.#end, batch);
      const last = await this.#appendAfter(this.#end.hash, records);
      if (last === undefined) {
        this.#end = records.at(-1) ?? this.#end;
        return records;
      }
      this.#end = { seq: Math.max(last.seq, this.#end.seq), hash: last.hash };
    }
    throw new RedisUnavailable('no audit record could be appended: other processes kept appending');
  }

  /** Returns undefined if the records were appended, otherwise the current end of the chain. */
  async #appendAfter(prev: string, records: readonly ChainedRecord[]): Promise<ChainEnd | undefined> {
    const args = [prev, String(this.#recordsMax), ...records.flatMap(({ text, hash }) => [text, hash])];
    const reply = await runScript(this.#redis, APPEND_RECORDS, [auditKey()], args);
    const [outcome, lastHash, lastRecord] = reply as string[];
    if (outcome === 'appended') return undefined;
    return { seq: seqOf(lastRecord ?? ''), hash: lastHash ?? '' };
  }
}

function chain(end: ChainEnd, batch: readonly PendingRecord[]): ChainedRecord[] {
  let { seq, hash } = end;
  return batch.map(({ event, nowMs }) => {
    seq += 1;
    const text = JSON.stringify({ seq, time: new Date(nowMs).toISOString(), ...event, prev: hash });
    hash = hashOf(text);
    return { seq, hash, text, event };
  });
}

export const hashOf = (record: string): string => createHash('sha256').update(record).digest('hex');

/** The number of a record; 0 if it is malformed, which `portcullis audit verify` reports. */
function seqOf(record: string): number {
  try {
    const { seq } = JSON.parse(record) as { seq?: unknown };
    return typeof seq === 'number' && Number.isSafeInteger(seq) ? seq : 0;
  } catch {
    return 0;
  }
}
