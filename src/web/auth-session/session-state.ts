import type { CurrentUser } from '../api/auth.ts';
import { hasKeyOfSession } from '../dpop/login-keys.ts';
import { PRESENCE_COOKIES, readPresence } from '../dpop/presence.ts';
import { createStore } from '../hooks/store.ts';
import type { SessionTimes } from './idle-time.ts';

/** Why a user is no longer logged in. */
export type EndReason = 'logged-out' | 'ended' | 'blocked' | 'address' | 'idle' | 'expired' | 'unknown';

export type Session =
  | { state: 'loading' }
  | { state: 'logged-out'; reason?: EndReason }
  /** The service does not respond, so the page cannot know. */
  | { state: 'unavailable' }
  | { state: 'logged-in'; user: CurrentUser };

export const session = createStore<Session>({ state: 'loading' });

/** The id of the current session, if there is one. */
export function sessionId(): string | undefined {
  const current = session.get();
  return current.state === 'logged-in' ? current.user.session_id : undefined;
}

/** Calls `listener` when a user logs in who is not the previous one. */
export function onOtherUser(listener: () => void): void {
  let previous: string | undefined;
  session.subscribe(() => {
    const current = session.get();
    if (current.state !== 'logged-in') return;
    if (previous !== undefined && previous !== current.user.sub) listener();
    previous = current.user.sub;
  });
}

/** By the reason in the server's event. */
export const REASON_BY_EVENT: Record<string, EndReason> = {
  session_ended: 'ended',
  user_blocked: 'blocked',
  address_refused: 'address',
};

/** Shown on the login page. */
export const REASON_TEXT: Record<EndReason, string> = {
  'logged-out': 'You have logged out.',
  ended: "You've been signed out because this session was ended on another device.",
  blocked: 'Your access has been blocked. Please call the bank.',
  address: "Access isn't allowed from your current network.",
  idle: "You've been logged out because you were inactive.",
  expired: 'Your session has expired. Please log in again.',
  unknown: 'Your session has ended. Please log in again.',
};

/** The clocks of the server and of this computer do not run in step. */
const TOLERANCE_MS = 2000;

/** Replaces an unspecific reason if one of the session's timeouts has been reached. */
export function reasonByTime(reason: EndReason, times: SessionTimes, nowMs: number): EndReason {
  if (reason !== 'ended' && reason !== 'unknown') return reason;
  if (times.expiresAtMs <= nowMs + TOLERANCE_MS) return 'expired';
  return times.idleAtMs <= nowMs + TOLERANCE_MS ? 'idle' : reason;
}

/** Whether this browser has logged in. If not, the login form is shown without asking the server. */
export const hasLoginHint = async (): Promise<boolean> =>
  readPresence() !== undefined && (await hasKeyOfSession());

/**
 * After the end of a session that was not bound to a key. That of a bound session can stay, because its key is deleted:
 * the cookie may already be that of another tab's login. Without the Cookie Store API it stays as well, and the next
 * visit starts with a refused request.
 */
export function deleteLoginHint(): void {
  if (readPresence()?.jkt !== undefined) return;
  for (const name of PRESENCE_COOKIES) void globalThis.cookieStore?.delete(name).catch(() => {});
}
