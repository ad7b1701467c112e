import { type Logger, pino } from 'pino';

export type { Logger };

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent';

/** How long a line may wait for others before all are written together. */
const FLUSH_MS = 100;

/** When whoever reads the log is slower than that, lines are left out: the log must not take the memory. */
const MAX_UNWRITTEN_BYTES = 16 * 1024 * 1024;

/**
 * The process's structured log: one JSON object a line on standard output, `time` in ISO 8601 (RFC 3339).
 *
 * Callers pass named fields, never a request, a header set or a settings object: what is not named is not
 * logged, so no token, password, cookie or key can slip in with its container.
 */
export function createLog(process: 'gateway' | 'bank' | 'dev' | 'cli', level: LogLevel): Logger {
  return pino(
    { level, base: { process }, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: faultFields } },
    pino.destination({
      dest: 1,
      sync: false,
      minLength: 4096,
      maxLength: MAX_UNWRITTEN_BYTES,
      periodicFlush: FLUSH_MS,
    }),
  );
}

/**
 * What a log line tells of a fault: its name, code, message and stack, and the same of its causes. Other
 * properties of an error object (a request, a command with its arguments) are left out: they may hold secrets.
 */
export function faultFields(fault: unknown): Record<string, unknown> {
  if (!(fault instanceof Error)) return { message: 'a thrown value that is not an error' };
  const { name, message, stack, cause } = fault;
  const code = 'code' in fault ? fault.code : undefined;
  return { name, code, message, stack, ...(cause === undefined ? {} : { cause: faultFields(cause) }) };
}
