import type { SessionEnds } from './idle.ts';

/** Why somebody who was logged in no longer is. */
export type LeavingReason = 'logged-out' | 'ended' | 'blocked' | 'address' | 'idle' | 'at-its-end' | 'over';

/** What the server's event stream calls it. */
export const REASON_OF_EVENT: Record<string, LeavingReason> = {
  session_ended: 'ended',
  user_blocked: 'blocked',
  address_refused: 'address',
};

/** What the log-in page says about it. */
export const REASON_TEXT: Record<LeavingReason, string> = {
  'logged-out': 'You have logged out.',
  ended:
    'This session was ended from somewhere else: by you on another device, by one log-in too many, or by the bank.',
  blocked: 'The bank has closed your access. Please call the bank.',
  address: 'You can not go on from the network that you are in now.',
  idle: 'You were away for a while, so you have been logged out.',
  'at-its-end': 'Your session has reached its longest time. Log in again to go on.',
  over: 'Your session is over. Log in again to go on.',
};

/** Ends that are this near count as reached: the server and this computer don't count in step. */
const NEAR_MS = 2000;

/** Whoever is out because time is up is told so, and not that somebody has ended the session. */
export function reasonByTime(cause: LeavingReason, ends: SessionEnds, nowMs: number): LeavingReason {
  if (cause !== 'ended' && cause !== 'over') return cause;
  if (ends.absoluteMs <= nowMs + NEAR_MS) return 'at-its-end';
  return ends.idleMs <= nowMs + NEAR_MS ? 'idle' : cause;
}
