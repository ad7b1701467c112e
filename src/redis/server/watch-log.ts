import type { Logger } from '../../log.ts';
import type { ServerFault } from './fault.ts';

/** The link logs these itself, once an outage has lasted a while. */
const LOGGED_ELSEWHERE: ReadonlySet<string> = new Set([
  'redis_unreachable',
  'redis_login_refused',
  'redis_loading',
]);

/**
 * Logs the faults of a server that are new, each as an event with the name of its code, and those that are gone.
 * Nothing is logged while nothing changes.
 */
export function logFaults(
  log: Logger,
  server: string,
  before: readonly ServerFault[],
  now: readonly ServerFault[],
): void {
  for (const { code, effect, message } of newIn(now, before)) {
    const fields = { event: code, server };
    if (effect === 'warning') log.warn(fields, message);
    else log.error(fields, message);
  }
  for (const { code } of newIn(before, now))
    log.info({ event: 'redis_fault_gone', fault: code, server }, 'a fault of Redis is gone');
}

const newIn = (faults: readonly ServerFault[], others: readonly ServerFault[]): ServerFault[] =>
  faults.filter(({ code }) => !LOGGED_ELSEWHERE.has(code) && !others.some((other) => other.code === code));
