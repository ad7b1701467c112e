import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../log.ts';
import { RedisUnavailable } from '../redis/connection.ts';
import { auditMarkerKey } from '../redis/keys.ts';
import type { ReplicaConfirmation } from '../redis/replication/confirmation.ts';
import type { RedisStore } from '../redis/store.ts';
import { appendRecords } from './append-script.ts';
import { type ChainEnd, type ChainedRecord, chainRecords, START_OF_CHAIN } from './chain.ts';
import type { AuditEvent } from './event.ts';
import { ExportWatch } from './export/watch.ts';
import type { AuditLimits, AuditLogName } from './logs.ts';

/** Attempts to append after records that other processes append at the same time. */
const MAX_ATTEMPTS = 50;
const MAX_BATCH_SIZE = 100;
/** A pause after each batch. Without it, one busy process would starve all others. */
const PAUSE_MS = 2;

export interface ChainWriterOptions {
  redis: RedisStore;
  /** Its lines hold the whole records. */
  logger: Logger;
  name: AuditLogName;
  limits: AuditLimits;
  /** Waits until enough servers have a record. */
  confirmation: ReplicaConfirmation;
}

interface PendingRecord {
  event: AuditEvent;
  nowMs: number;
  resolve: (record: ChainedRecord) => void;
  reject: (fault: unknown) => void;
}

/**
 * Appends records to one audit log. Each record is numbered and stored with the SHA-256 of the previous record and of
 * itself, so altering or removing a record is detectable. An attacker with write access to Redis could forge the
 * whole chain, so each record is also written to the process log, which is stored elsewhere. Numbers never decrease
 * within a process, so removing records from the end is detectable as soon as another one follows.
 *
 * Records that arrive during a write are written together in the next round trip. A failed write, whatever the reason,
 * leaves nothing behind that could make a later one fail: the end of the chain is what Redis says at the next attempt.
 */
export class ChainWriter {
  readonly watch: ExportWatch;
  /** How many records could not be stored. */
  notStored = 0;
  readonly #options: ChainWriterOptions;
  /** The end of the chain when this process last wrote or read it. */
  #end: ChainEnd = START_OF_CHAIN;
  #pending: PendingRecord[] = [];
  #writing: Promise<void> | undefined;
  readonly #unconfirmed = new Set<Promise<void>>();

  constructor(options: ChainWriterOptions) {
    this.#options = options;
    this.watch = new ExportWatch(options);
  }

  /** Resolves to the record when it is stored, and enough servers have it. @throws {RedisUnavailable} {@link NotDurable} */
  append(event: AuditEvent, nowMs: number): Promise<ChainedRecord> {
    const { promise, resolve, reject } = Promise.withResolvers<ChainedRecord>();
    this.#pending.push({ event, nowMs, resolve, reject });
    this.#writing ??= this.#writeAll();
    return promise;
  }

  /** Resolves when no record is pending. */
  async settled(): Promise<void> {
    await this.#writing;
    await Promise.allSettled(this.#unconfirmed);
  }

  async #writeAll(): Promise<void> {
    while (this.#pending.length > 0) {
      await this.#write(this.#pending.splice(0, MAX_BATCH_SIZE));
      await delay(PAUSE_MS);
    }
    this.#writing = undefined;
  }

  async #write(batch: readonly PendingRecord[]): Promise<void> {
    const { logger, name: log, redis, confirmation } = this.#options;
    try {
      const append = () => this.#append(batch);
      const { result, confirmed } = await confirmation.write(redis, auditMarkerKey(), append);
      for (const { record, hash } of result) logger.info({ event: 'audit', log, record, hash });
      this.#settleWhen(confirmed, batch, result);
    } catch (err) {
      this.notStored += batch.length;
      for (const { event, reject } of batch) {
        logger.error(
          { event: 'audit_not_kept', log, record: event, err },
          'an audit record could not be stored',
        );
        reject(err);
      }
    }
  }

  /** The next batch does not wait for it. */
  #settleWhen(confirmed: Promise<void>, batch: readonly PendingRecord[], records: readonly ChainedRecord[]) {
    const settled = confirmed
      .then(
        () => batch.forEach(({ resolve }, n) => void resolve(records[n] as ChainedRecord)),
        (fault: unknown) => batch.forEach(({ reject }) => void reject(fault)),
      )
      .finally(() => this.#unconfirmed.delete(settled));
    this.#unconfirmed.add(settled);
  }

  async #append(batch: readonly PendingRecord[]): Promise<ChainedRecord[]> {
    const { redis, name, limits } = this.#options;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const records = chainRecords(this.#end, batch);
      const outcome = await appendRecords(redis, name, limits, this.#end.hash, records);
      if (outcome.appended) {
        this.#end = records.at(-1) ?? this.#end;
        this.watch.update({ ...outcome, lastSeq: this.#end.seq });
        return records;
      }
      this.#end = { seq: Math.max(outcome.seq, this.#end.seq), hash: outcome.hash };
    }
    throw new RedisUnavailable('no audit record could be appended: other processes kept appending');
  }
}
