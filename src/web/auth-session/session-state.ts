import type { Who } from '../api/auth.ts';
import { createStore } from '../hooks/store.ts';
import type { SessionEnds } from './idle-time.ts';

/** Who uses the page. */
export type Session =
  | { state: 'starting' }
  | { state: 'out'; reason?: LeavingReason }
  /** The service doesn't answer, so nobody knows. */
  | { state: 'unknown' }
  | { state: 'in'; who: Who };

export const session = createStore<Session>({ state: 'starting' });

/** Of the user who is logged in, if anybody is. */
export function sessionId(): string | undefined {
  const now = session.get();
  return now.state === 'in' ? now.who.session_id : undefined;
}

/** Tells when somebody logs in who is not the one who was here before: that one's page is not for them. */
export function whenSomebodyElseComes(listener: () => void): void {
  let before: string | undefined;
  session.subscribe(() => {
    const now = session.get();
    if (now.state !== 'in') return;
    if (before !== undefined && before !== now.who.sub) listener();
    before = now.who.sub;
  });
}

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

/**
 * A cookie that says no more than that this browser has logged in. The tokens are in cookies that no script can
 * read; without this one, the page would have to ask the server, and be refused, before it shows the log-in form.
 */
const NAME = 'portcullis-present';

export const mayBeLoggedIn = (): boolean =>
  document.cookie.split('; ').some((cookie) => cookie.startsWith(`${NAME}=`));

/** Where a browser has no Cookie Store, the cookie stays, and the next visit begins with a refused request. */
export const forgetPresence = (): void => void globalThis.cookieStore?.delete(NAME).catch(() => {});
