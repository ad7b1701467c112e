import { type DestinationStream, type Logger, pino } from 'pino';
import { lineBuffer } from './log-buffer.ts';

export type { Logger };

type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent';

/** The maximum time that a line is buffered. */
const FLUSH_MS = 100;

/**
 * A structured log with one JSON object per line, `time` in ISO 8601 (RFC 3339).
 *
 * Callers pass named fields, never a whole request, header set or settings object, so that no token, password, cookie
 * or key is logged by accident.
 *
 * @param file in place of standard output; it is emptied first
 */
export function createLog(
  process: 'gateway' | 'bank' | 'dev' | 'cli',
  level: LogLevel,
  file?: string,
): Logger {
  const destination = pino.destination({
    ...(file === undefined ? { dest: 1 } : { dest: file, append: false, mode: 0o600 }),
    sync: false,
    minLength: 4096,
    periodicFlush: FLUSH_MS,
  });
  const log: Logger = loggerTo(
    process,
    level,
    lineBuffer(destination, (dropped) =>
      log.warn({ event: 'log_lines_dropped', dropped }, 'the reader of the log is too slow'),
    ),
  );
  return log;
}

/** A log whose lines go to `destination`. */
export const createLogTo = (
  process: 'gateway' | 'bank',
  level: LogLevel,
  destination: DestinationStream,
): Logger => loggerTo(process, level, destination);

/** The log of a command: each line is written to standard error at once. */
export const commandLog = (): Logger => loggerTo('cli', 'info', pino.destination({ dest: 2, sync: true }));

const loggerTo = (process: string, level: LogLevel, destination: DestinationStream): Logger =>
  pino(
    { level, base: { process }, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: faultFields } },
    destination,
  );

/** The same log for audit records, which are written whatever its level is, unless it is silent. */
export const auditLines = (log: Logger): Logger =>
  log.isLevelEnabled('fatal') ? log.child({}, { level: 'info' }) : log;

/**
 * The logged fields of a fault: its name, code, message and stack, and those of its causes. Other properties of an
 * error (a request, a command with its arguments) may hold secrets and are not logged.
 */
export function faultFields(fault: unknown): Record<string, unknown> {
  if (!(fault instanceof Error)) return { message: 'a thrown value that is not an error' };
  const { name, message, stack, cause } = fault;
  const code = 'code' in fault ? fault.code : undefined;
  return { name, code, message, stack, ...(cause === undefined ? {} : { cause: faultFields(cause) }) };
}
