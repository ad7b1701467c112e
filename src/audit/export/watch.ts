import type { Logger } from '../../log.ts';
import type { AuditLimits, AuditLogName } from '../logs.ts';

/** An export is due when this many of the records that a log can hold have not been exported. */
const DUE_PERCENT = 80;
/** The warning is repeated each time that so much more of the log has not been exported. */
const STEP_PERCENT = 5;

/** Numbers of records: the newest exported one, the oldest and the newest stored one. */
interface LogPosition {
  exportedSeq: number;
  oldestSeq: number | undefined;
  lastSeq: number;
}

/** Warns when records of an audit log have to be exported, and reports those that were removed before. */
export class ExportWatch {
  /** The approximate number of records that the log holds; undefined until this process has written one. */
  stored: number | undefined;
  /** The number of records that have not been exported, when this process last wrote one. */
  unexported = 0;
  /** The number of records that were removed before they were exported, since the last export. */
  lost = 0;
  readonly #options: { logger: Logger; name: AuditLogName; limits: AuditLimits };
  #nextWarning: number;
  #lostTo = 0;

  constructor(options: { logger: Logger; name: AuditLogName; limits: AuditLimits }) {
    this.#options = options;
    this.#nextWarning = this.#percent(DUE_PERCENT);
  }

  update({ exportedSeq, oldestSeq = 1, lastSeq }: LogPosition): void {
    this.stored = lastSeq - oldestSeq + 1;
    this.unexported = Math.max(0, lastSeq - exportedSeq);
    this.lost = Math.max(0, oldestSeq - 1 - exportedSeq);
    this.#warnIfDue();
    if (this.lost > 0 && oldestSeq - 1 > this.#lostTo) this.#reportLoss(exportedSeq + 1, oldestSeq - 1);
  }

  #warnIfDue(): void {
    const { logger, name: log, limits } = this.#options;
    const { unexported } = this;
    if (unexported < this.#percent(DUE_PERCENT)) this.#nextWarning = this.#percent(DUE_PERCENT);
    if (unexported < this.#nextWarning) return;
    this.#nextWarning = unexported + this.#percent(STEP_PERCENT);
    const numbers = { unexported, recordsMax: limits.recordsMax, unexportedMax: limits.unexportedMax };
    logger.warn({ event: 'audit_export_due', log, ...numbers }, 'run `portcullis audit export`');
  }

  #reportLoss(from: number, to: number): void {
    const { logger, name: log } = this.#options;
    this.#lostTo = to;
    logger.error(
      { event: 'audit_records_lost', log, from, to },
      'records were removed before they were exported',
    );
  }

  #percent(percent: number): number {
    return Math.ceil((this.#options.limits.recordsMax * percent) / 100);
  }
}
