import { ApiError } from '../api/api-error.ts';
import * as auth from '../api/auth.ts';
import { changeIdentity, identitySignal, onSessionOver } from '../api/request.ts';
import { deleteKeyOf, deleteUnusedKeys } from '../dpop/login-keys.ts';
import { nowMs, type SessionTimes, sessionTimes } from './idle-time.ts';
import { followSession } from './session-events.ts';
import {
  deleteLoginHint,
  type EndReason,
  hasLoginHint,
  REASON_BY_EVENT,
  reasonByTime,
  session,
  sessionId,
} from './session-state.ts';
import { onTabMessage, postToTabs, type TabMessage } from './tabs.ts';
import { type IdleWatch, watchIdleTime } from './user-activity.ts';

/** What runs while a user is logged in. */
interface SessionWatch {
  times: SessionTimes;
  tokenExpiresAtMs: number;
  idle?: IdleWatch;
  stopFollowing?: () => void;
}
let watch: SessionWatch | undefined;

/** When a tab requested the logout. The server's event about it may arrive before the response. */
let logoutRequestedAtMs = 0;
const LOGOUT_TIMEOUT_MS = 5000;

/** Rechecks are numbered: a response is ignored when that of a later request has been applied. */
let lastRecheck = 0;
let lastApplied = 0;

/** Finds out who is logged in. To be called once, when the page is loaded. */
export async function startSession(): Promise<void> {
  onSessionOver(() => endHere('unknown'));
  onTabMessage(handleTabMessage);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && session.get().state === 'logged-in') void recheck(false);
  });
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted) location.reload();
  });
  await loadSession();
  await deleteUnusedKeys().catch(() => {});
}

/** Asks the server who is logged in, unless this browser has never logged in. */
export async function loadSession(): Promise<void> {
  if (await hasLoginHint()) await recheck(true);
  else session.set({ state: 'logged-out' });
}

/** @throws {ApiError} */
export async function logIn(credentials: auth.Credentials): Promise<void> {
  await auth.logIn(credentials);
  changeIdentity();
  applySession(await auth.currentSession(false));
  postToTabs({ kind: 'logged-in' });
}

/** Ends the session at the server and then in this browser. @throws {ApiError} if the session may still exist */
export async function logOut(): Promise<void> {
  const id = sessionId();
  logoutRequestedAtMs = nowMs();
  postToTabs({ kind: 'logout-requested' });
  await auth.logOut().catch((error: unknown) => {
    const isOver = error instanceof ApiError && error.status === 401;
    if (!isOver || error.isKeyMissing || error.isProofRefused) throw error;
  });
  if (sessionId() === id) endHere('logged-out');
}

/**
 * Asks the server who is logged in and how much time is left; `isActive` restarts the idle timeout. Other tabs are
 * informed, unless one of them requested it (`isRelayed`). Resolves to whether the server responded.
 */
export async function recheck(isActive: boolean, isRelayed = false): Promise<boolean> {
  const identity = identitySignal();
  lastRecheck += 1;
  const number = lastRecheck;
  try {
    const response = await auth.currentSession(!isActive);
    if (identity.aborted || number < lastApplied) return true;
    lastApplied = number;
    const isChanged = applySession(response);
    if (isActive || (isChanged && !isRelayed)) postToTabs({ kind: 'recheck' });
    return true;
  } catch {
    if (!identity.aborted && session.get().state === 'loading') session.set({ state: 'unavailable' });
    return false;
  }
}

/** Returns whether the user or their role has changed. */
function applySession(response: auth.SessionResponse): boolean {
  const { exp: _, token_expires_in_ms, idle_expires_in_ms, session_expires_in_ms, ...user } = response;
  const receivedAtMs = nowMs();
  const before = session.get();
  if (before.state === 'logged-in' && before.user.session_id !== user.session_id) {
    stopWatching();
    changeIdentity();
  }
  const current = {
    times: sessionTimes({ idle_expires_in_ms, session_expires_in_ms }, receivedAtMs, watch?.times),
    tokenExpiresAtMs: receivedAtMs + token_expires_in_ms,
  };
  const isChanged = before.state !== 'logged-in' || JSON.stringify(before.user) !== JSON.stringify(user);
  if (isChanged) session.set({ state: 'logged-in', user });
  if (watch === undefined) startWatching(user.session_id, current);
  else Object.assign(watch, current).idle?.update();
  return isChanged;
}

function startWatching(id: string, initial: Pick<SessionWatch, 'times' | 'tokenExpiresAtMs'>): void {
  const started: SessionWatch = { ...initial };
  watch = started;
  started.stopFollowing = followSession({
    sessionId: id,
    onEnded: (reason) => endHere(REASON_BY_EVENT[reason] ?? 'unknown'),
    onRefreshed: () => recheck(false).then(() => postToTabs({ kind: 'recheck' })),
    onRefused: () => recheck(false),
    tokenExpiresAtMs: () => started.tokenExpiresAtMs,
  });
  started.idle = watchIdleTime({
    times: () => started.times,
    recheck,
    onTimeout: () =>
      void recheck(false).then((isAnswered) => isAnswered || watch !== started || endHere('unknown')),
  });
}

function stopWatching(): void {
  watch?.stopFollowing?.();
  watch?.idle?.stop();
  watch = undefined;
}

/** Shows the login page. Other tabs are informed, unless one of them has informed this one (`isRelayed`). */
function endHere(cause: EndReason, isRelayed = false): void {
  if (session.get().state === 'logged-out') return;
  const reason = specificReason(cause);
  stopWatching();
  changeIdentity();
  const id = sessionId();
  if (id !== undefined) void deleteKeyOf(id);
  if (!isRelayed) {
    deleteLoginHint();
    postToTabs({ kind: 'ended', reason, sessionId: id });
  }
  // The login page sets its own title when it is rendered, which may be much later in a hidden tab.
  document.title = 'Portcullis';
  session.set({ state: 'logged-out', reason });
}

function specificReason(cause: EndReason): EndReason {
  const isLogout = nowMs() - logoutRequestedAtMs < LOGOUT_TIMEOUT_MS;
  if (isLogout && (cause === 'ended' || cause === 'unknown')) return 'logged-out';
  return watch === undefined ? cause : reasonByTime(cause, watch.times, nowMs());
}

function handleTabMessage(message: TabMessage): void {
  if (message.kind === 'ended' && message.sessionId === sessionId()) endHere(message.reason, true);
  else if (message.kind === 'logout-requested') logoutRequestedAtMs = nowMs();
  else {
    if (message.kind === 'logged-in' && session.get().state === 'logged-out')
      session.set({ state: 'loading' });
    if (session.get().state !== 'logged-out') void recheck(false, true);
  }
}
