import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import { type RedisLink, RedisUnavailable } from '../redis/connection.ts';
import { auditKey } from '../redis/keys.ts';
import { defineScript, runScript } from '../redis/scripts.ts';
import type { AuditEvent, AuditTrail } from './event.ts';

/** Tries to append behind records that other processes were faster to append. */
const TRIES = 50;
const MAX_RECORDS_AT_ONCE = 100;
/** After its turn a process lets others have theirs: without it one that is busy would shut all others out. */
const PAUSE_MS = 2;

/** What the first record has in the place of the hash of the one before. */
export const NO_RECORD = '0'.repeat(64);

/**
 * Appends records only if the last one is still the one that they were chained to. What stands at the end without
 * a hash was not written here; the chain goes on behind it, and `portcullis audit verify` tells.
 * KEYS: audit. ARGV: expected hash of the last record, most records, and each record with its hash.
 * Answers `appended`, or `behind` with the hash and the text of the last record.
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

/** Where the chain ends, as far as this process knows. */
interface ChainEnd {
  seq: number;
  hash: string;
}

interface Waiting {
  event: AuditEvent;
  nowMs: number;
  kept: () => void;
  failed: (fault: unknown) => void;
}

interface ChainedRecord extends ChainEnd {
  text: string;
  event: AuditEvent;
}

/**
 * The audit trail in a capped stream. Each record is numbered and carries the SHA-256 of the one before it and of
 * itself, so that none can be altered or taken out unnoticed. Whoever can write to Redis could forge the whole
 * chain anew, so the hash of each record is also in the process's log, which is kept elsewhere; and numbers never
 * go back in a process, so that records taken from the end show as soon as another follows.
 *
 * Records that come while others are being written wait and are then written together, in one round trip.
 */
export class RedisAuditTrail implements AuditTrail {
  readonly #redis: RedisLink;
  readonly #log: Logger;
  readonly #recordsMax: number;
  #end: ChainEnd = { seq: 0, hash: NO_RECORD };
  #waiting: Waiting[] = [];
  #isWriting = false;

  constructor(redis: RedisLink, log: Logger, recordsMax: number) {
    this.#redis = redis;
    this.#log = log;
    this.#recordsMax = recordsMax;
  }

  record(event: AuditEvent, nowMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ event, nowMs, kept: resolve, failed: reject });
    if (!this.#isWriting) void this.#writeAll();
    return promise;
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      await this.#write(this.#waiting.splice(0, MAX_RECORDS_AT_ONCE));
      await delay(PAUSE_MS);
    }
    this.#isWriting = false;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      const records = await this.#append(batch);
      for (const { event, seq, hash } of records)
        this.#log.info({ event: 'audit', action: event.action, result: event.result, seq, hash });
      for (const { kept } of batch) kept();
    } catch (err) {
      for (const { event, failed } of batch) {
        this.#log.error({ event: 'audit_not_kept', record: event, err }, 'an audit record could not be kept');
        failed(err);
      }
    }
  }

  async #append(batch: readonly Waiting[]): Promise<ChainedRecord[]> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const records = chain(this.#end, batch);
      const last = await this.#appendBehind(this.#end.hash, records);
      if (last === undefined) {
        this.#end = records.at(-1) ?? this.#end;
        return records;
      }
      this.#end = { seq: Math.max(last.seq, this.#end.seq), hash: last.hash };
    }
    throw new RedisUnavailable('no audit record could be appended: others are always faster');
  }

  /** Answers nothing when the records are kept, else where the chain ends by now. */
  async #appendBehind(prev: string, records: readonly ChainedRecord[]): Promise<ChainEnd | undefined> {
    const args = [prev, String(this.#recordsMax), ...records.flatMap(({ text, hash }) => [text, hash])];
    const reply = await runScript(this.#redis, APPEND_RECORDS, [auditKey()], args);
    const [outcome, lastHash, lastRecord] = reply as string[];
    if (outcome === 'appended') return undefined;
    return { seq: seqOf(lastRecord ?? ''), hash: lastHash ?? '' };
  }
}

function chain(end: ChainEnd, batch: readonly Waiting[]): ChainedRecord[] {
  let { seq, hash } = end;
  return batch.map(({ event, nowMs }) => {
    seq += 1;
    const text = JSON.stringify({ seq, time: new Date(nowMs).toISOString(), ...event, prev: hash });
    hash = hashOf(text);
    return { seq, hash, text, event };
  });
}

export const hashOf = (record: string): string => createHash('sha256').update(record).digest('hex');

/** The number of a record; an unreadable one counts as 0, and `portcullis audit verify` tells. */
function seqOf(record: string): number {
  try {
    const { seq } = JSON.parse(record) as { seq?: unknown };
    return typeof seq === 'number' && Number.isSafeInteger(seq) ? seq : 0;
  } catch {
    return 0;
  }
}
