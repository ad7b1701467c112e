import { createHash } from 'node:crypto';
import type { Logger } from '../log.ts';
import { type RedisLink, RedisUnavailable } from '../redis/connect.ts';
import { auditKey } from '../redis/keys.ts';
import { defineScript, runScript } from '../redis/scripts.ts';
import type { AuditEvent, AuditTrail } from './event.ts';

/** Tries to append behind a record that another process was faster to append. */
const TRIES = 50;

/** What the first record has in the place of the hash of the one before. */
export const NO_RECORD = '0'.repeat(64);

/**
 * Appends a record only if the last one is still the one that it was chained to. What stands at the end without
 * a hash was not written here; the chain goes on behind it, and `portcullis audit verify` tells.
 * KEYS: audit. ARGV: expected hash of the last record, most records, record, its hash.
 * Answers `appended`, or `behind` with the hash and the text of the last record.
 */
const APPEND_RECORD = defineScript(
  'audit-append',
  `
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local hash, text = '${NO_RECORD}', ''
if last then hash, text = last[2][4] or '', last[2][2] end
if hash ~= ARGV[1] then return { 'behind', hash, text } end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'record', ARGV[3], 'hash', ARGV[4])
return { 'appended' }
`,
);

/** Where the chain ends, as far as this process knows. */
interface ChainEnd {
  seq: number;
  hash: string;
}

/**
 * The audit trail in a capped stream. Each record is numbered and carries the SHA-256 of the one before it and of
 * itself, so that none can be altered or taken out unnoticed. Whoever can write to Redis could forge the whole
 * chain anew, so the hash of each record is also in the process's log, which is kept elsewhere; and numbers never
 * go back in a process, so that records taken from the end show as soon as another follows.
 */
export class RedisAuditTrail implements AuditTrail {
  readonly #redis: RedisLink;
  readonly #log: Logger;
  readonly #recordsMax: number;
  #end: ChainEnd = { seq: 0, hash: NO_RECORD };
  #last: Promise<unknown> = Promise.resolve();

  constructor(redis: RedisLink, log: Logger, recordsMax: number) {
    this.#redis = redis;
    this.#log = log;
    this.#recordsMax = recordsMax;
  }

  record(event: AuditEvent, nowMs: number): Promise<void> {
    const appended = this.#last.then(() => this.#append(event, nowMs));
    this.#last = appended.catch((err: unknown) => {
      this.#log.error({ event: 'audit_not_kept', record: event, err }, 'an audit record could not be kept');
    });
    return appended;
  }

  async #append(event: AuditEvent, nowMs: number): Promise<void> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const seq = this.#end.seq + 1;
      const { hash: prev } = this.#end;
      const record = JSON.stringify({ seq, time: new Date(nowMs).toISOString(), ...event, prev });
      const hash = hashOf(record);
      const last = await this.#appendBehind(prev, record, hash);
      if (last === undefined) {
        this.#end = { seq, hash };
        this.#log.info({ event: 'audit', action: event.action, result: event.result, seq, hash });
        return;
      }
      this.#end = { seq: Math.max(last.seq, seq - 1), hash: last.hash };
    }
    throw new RedisUnavailable('no audit record could be appended: others are always faster');
  }

  /** Answers nothing when the record is kept, else where the chain ends by now. */
  async #appendBehind(prev: string, record: string, hash: string): Promise<ChainEnd | undefined> {
    const args = [prev, String(this.#recordsMax), record, hash];
    const reply = await runScript(this.#redis, APPEND_RECORD, [auditKey()], args);
    const [outcome, lastHash, lastRecord] = reply as string[];
    if (outcome === 'appended') return undefined;
    return { seq: seqOf(lastRecord ?? ''), hash: lastHash ?? '' };
  }
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
