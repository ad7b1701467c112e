import { auditLines, type Logger } from '../log.ts';
import { ReplicaConfirmation } from '../redis/replication/confirmation.ts';
import type { RedisStore } from '../redis/store.ts';
import { ActorRate } from './actor-rate.ts';
import type { ChainedRecord } from './chain.ts';
import { ChainWriter } from './chain-writer.ts';
import type { AuditEvent, AuditedRead, AuditLog } from './event.ts';
import {
  AUDIT_LOGS,
  type AuditLogName,
  type AuditSettings,
  auditLimits,
  countedActor,
  isAlwaysRecorded,
  logOf,
} from './logs.ts';
import { AuditCounters } from './metrics.ts';
import { Tally } from './tally.ts';

const WINDOW_MS = 60_000;
/** How often summaries that are due are looked for. */
const SUMMARY_INTERVAL_MS = 1000;

export interface RedisAuditLogOptions {
  redis: RedisStore;
  log: Logger;
  settings: AuditSettings & {
    auditRecordsPerActorPerMinute: number;
    /** How many replicas have to have a record before it counts as stored, and within which time. */
    auditReplicas?: number;
    auditReplicasTimeoutMs?: number;
  };
  /** The clock, in milliseconds since the epoch. */
  now?: () => number;
}

interface AuditLogState {
  /** How many records the log holds; undefined until this process has written one. */
  stored: number | undefined;
  unexported: number;
  /** How many were removed before they were exported. */
  lost: number;
  /** How many this process could not store. */
  notStored: number;
}

/**
 * The audit logs in Redis as one process writes them. In this process each actor has a rate of records. Further events
 * of one kind are counted, logged, and become one record at the end of the actor's minute. What staff and operators do
 * to others, logins and changes of credentials always get records of their own.
 */
export class RedisAuditLog implements AuditLog {
  /** What has happened in this process. */
  readonly counters = new AuditCounters();
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #writers: Record<AuditLogName, ChainWriter>;
  readonly #rate: ActorRate;
  readonly #tally = new Tally(WINDOW_MS);
  readonly #confirmation: ReplicaConfirmation;
  readonly #timer: NodeJS.Timeout;

  constructor({ redis, log, settings, now = Date.now }: RedisAuditLogOptions) {
    const logger = auditLines(log);
    const limits = auditLimits(settings);
    const { auditReplicas: replicas = 0, auditReplicasTimeoutMs: timeoutMs = 500 } = settings;
    const confirmation = new ReplicaConfirmation({
      what: 'audit_record',
      replicas,
      aof: false,
      timeoutMs,
      log,
    });
    const writer = (name: AuditLogName) =>
      new ChainWriter({ redis, logger, name, limits: limits[name], confirmation });
    this.#confirmation = confirmation;
    this.#log = logger;
    this.#now = now;
    this.#writers = { security: writer('security'), customers: writer('customers') };
    this.#rate = new ActorRate(settings.auditRecordsPerActorPerMinute, WINDOW_MS);
    this.#timer = setInterval(() => void this.#summarize(this.#now()), SUMMARY_INTERVAL_MS);
    this.#timer.unref();
  }

  async record(event: AuditEvent, nowMs: number): Promise<void> {
    const by = countedActor(event);
    this.counters.count(event);
    if (isAlwaysRecorded(event) || this.#rate.take(by, nowMs)) {
      await this.append(event, nowMs);
      return;
    }
    this.#log.info({ event: 'audit_summarized', record: event });
    const { action, result, actor, role, address } = event;
    const subject = actor === undefined ? event.subject : undefined;
    const common = { action, result, actor, role, subject, address };
    this.#tally.add({ event: common, by, what: 'more of these actions' }, nowMs);
  }

  noteRead({ action, actor, role, address, target, account }: AuditedRead, nowMs: number): void {
    const event = { action, result: 'done', actor, role, address } as const;
    this.counters.count(event);
    this.#tally.add({ event, by: actor, what: `reads of ${target}`, account }, nowMs);
  }

  /** Stores a record, whatever the rate of its actor. @throws {RedisUnavailable} */
  append(event: AuditEvent, nowMs: number): Promise<ChainedRecord> {
    return this.#writers[logOf(event)].append(event, nowMs);
  }

  /** The numbers of records of each log, as this process last saw them. */
  exportState(): Record<AuditLogName, AuditLogState> {
    const stateOf = ({ watch: { stored, unexported, lost }, notStored }: ChainWriter) => ({
      stored,
      unexported,
      lost,
      notStored,
    });
    return { security: stateOf(this.#writers.security), customers: stateOf(this.#writers.customers) };
  }

  /** Writes the summaries of all open windows and waits for pending records. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#summarize(Number.POSITIVE_INFINITY);
    await Promise.all(AUDIT_LOGS.map((name) => this.#writers[name].settled()));
    this.#confirmation.close();
  }

  /** Writes the summaries that are due. A failure is logged by the writer, with the record. */
  async #summarize(untilMs: number): Promise<void> {
    this.#rate.prune(this.#now());
    const due = this.#tally.takeDue(untilMs);
    await Promise.allSettled(due.map((event) => this.append(event, this.#now())));
  }
}
