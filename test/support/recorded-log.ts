import { type Logger, pino } from 'pino';

/** A log line, parsed. */
export type LogLine = Record<string, unknown>;

/** A log that keeps its lines in `lines`, from the level `info`. */
export function recordedLog(): { log: Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  return { log: pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line)) }), lines };
}
