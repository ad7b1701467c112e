import type { Logger } from '../log.ts';

/**
 * What the error replies to a login, or to a command without one, mean for the operator. Without that, a wrong password
 * looks like an outage.
 */
const LOGIN_FAULTS: readonly [reply: RegExp, meaning: string][] = [
  [/^(WRONGPASS|ERR invalid password)\b/, 'Redis rejects the username or password'],
  [/^NOAUTH\b/, 'Redis requires a password'],
  [/^ERR (Client sent AUTH|AUTH)\b/, 'Redis has no password for this user, and the URL contains one'],
];

/** What an error of Redis means if it is about the username or password of `REDIS_URL`, otherwise undefined. */
export const loginFault = (fault: unknown): string | undefined => {
  const message = fault instanceof Error ? fault.message : '';
  return LOGIN_FAULTS.find(([reply]) => reply.test(message))?.[1];
};

/** Logs that no connection can be opened. */
export function logUnreachable(log: Logger, why: string): void {
  const isLoginFault = LOGIN_FAULTS.some(([, meaning]) => meaning === why);
  const event = isLoginFault ? 'redis_login_refused' : 'redis_unreachable';
  log.warn({ event, why }, isLoginFault ? `${why}; retrying` : 'Redis is unreachable; retrying');
}

/** Logs that the server no longer serves this connection. */
export function logReplaced(log: Logger, fault: unknown): void {
  const refused = loginFault(fault);
  const event = refused === undefined ? 'redis_demoted' : 'redis_login_refused';
  log.error({ event }, `${refused ?? 'Redis has become a replica'}; connecting again`);
}

/** Whether an error reply blames the server and not the command, so that a new connection may reach a better one. */
export const isServerFault = (fault: unknown): boolean =>
  fault instanceof Error &&
  /^(READONLY|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|NOAUTH|UNBLOCKED)\b/.test(fault.message);
