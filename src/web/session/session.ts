import {
  logIn as askLogIn,
  logOut as askLogOut,
  type Credentials,
  type SessionAnswer,
  type Who,
  whoAmI,
} from '../api/auth.ts';
import { NotDone } from '../api/problem.ts';
import { whenSessionIsOver } from '../api/request.ts';
import { createStore } from '../store.ts';
import { type SessionEnds, sessionEnds } from './idle.ts';
import { type IdleWatch, watchIdleness } from './idle-watch.ts';
import { keepCurrent } from './keep-current.ts';
import { forgetPresence, mayBeLoggedIn } from './presence.ts';
import { type LeavingReason, REASON_OF_EVENT, reasonByTime } from './reasons.ts';
import { hearTabs, type TabMessage, tellTabs } from './tabs.ts';

/** Who uses the page. */
export type Session =
  | { state: 'starting' }
  | { state: 'out'; reason?: LeavingReason }
  /** The service doesn't answer, so nobody knows. */
  | { state: 'unknown' }
  | { state: 'in'; who: Who };

export const session = createStore<Session>({ state: 'starting' });

/** What goes on while somebody is logged in. */
interface Watch {
  ends: SessionEnds;
  tokenEndsMs: number;
  idle?: IdleWatch;
  stopKeeping?: () => void;
}
let watch: Watch | undefined;

/** When somebody asked to be logged out, in any tab. The event of it may come before the answer. */
let askedToLeaveMs = 0;
const LOG_OUT_MOST_MS = 5000;

/** Finds out who uses the page, once, when it is loaded. */
export async function startSession(): Promise<void> {
  whenSessionIsOver(() => leave('over'));
  hearTabs(hear);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && session.get().state === 'in') void recheck(false);
  });
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted) location.reload();
  });
  await findOut();
}

/** Asks who uses the page, unless this browser knows that nobody does. */
export async function findOut(): Promise<void> {
  if (mayBeLoggedIn()) await recheck(true);
  else session.set({ state: 'out' });
}

/** @throws {NotDone} */
export async function logIn(credentials: Credentials): Promise<void> {
  await askLogIn(credentials);
  enter(await whoAmI(false));
  tellTabs({ kind: 'entered' });
}

/** Ends the session at the server, and the page is left unless the server can't be asked. @throws {NotDone} then */
export async function logOut(): Promise<void> {
  askedToLeaveMs = Date.now();
  tellTabs({ kind: 'leaving' });
  await askLogOut().catch((fault: unknown) => {
    if (fault instanceof NotDone && fault.isOutage) throw fault;
  });
  leave('logged-out');
}

/**
 * Asks the server who uses the page and for how long yet; with `isHere`, as somebody who is there, which begins the
 * idle timeout anew. Answers whether there was an answer. A session that is over is left.
 */
export async function recheck(isHere: boolean): Promise<boolean> {
  try {
    const answer = await whoAmI(!isHere);
    if (session.get().state === 'out') return true;
    enter(answer);
    if (isHere) tellTabs({ kind: 'recheck' });
    return true;
  } catch {
    if (session.get().state === 'starting') session.set({ state: 'unknown' });
    return false;
  }
}

function enter(answer: SessionAnswer): void {
  const { exp: _, token_expires_in_ms, idle_expires_in_ms, session_expires_in_ms, ...who } = answer;
  const nowMs = Date.now();
  const before = session.get();
  if (before.state === 'in' && before.who.session_id !== who.session_id) stopWatching();
  const left = { idle_expires_in_ms, session_expires_in_ms };
  const times = { ends: sessionEnds(left, nowMs, watch?.ends), tokenEndsMs: nowMs + token_expires_in_ms };
  if (before.state !== 'in' || JSON.stringify(before.who) !== JSON.stringify(who))
    session.set({ state: 'in', who });
  if (watch === undefined) startWatching(times);
  else Object.assign(watch, times).idle?.look();
}

function startWatching(times: Pick<Watch, 'ends' | 'tokenEndsMs'>): void {
  const started: Watch = { ...times };
  watch = started;
  started.stopKeeping = keepCurrent({
    onEnded: (reason) => leave(REASON_OF_EVENT[reason] ?? 'over'),
    onChange: () => recheck(false).then(() => tellTabs({ kind: 'recheck' })),
    tokenEndsMs: () => started.tokenEndsMs,
  });
  started.idle = watchIdleness({
    ends: () => started.ends,
    recheck,
    onOver: () => void recheck(false).then((isAnswered) => isAnswered || leave('over')),
  });
}

function stopWatching(): void {
  watch?.stopKeeping?.();
  watch?.idle?.stop();
  watch = undefined;
}

/** Other tabs are told, unless they have told this one. */
function leave(cause: LeavingReason, isHeard = false): void {
  if (session.get().state === 'out') return;
  const reason = reasonNow(cause, Date.now());
  stopWatching();
  if (!isHeard) {
    forgetPresence();
    tellTabs({ kind: 'left', reason });
  }
  session.set({ state: 'out', reason });
}

function reasonNow(cause: LeavingReason, nowMs: number): LeavingReason {
  const isMeant = nowMs - askedToLeaveMs < LOG_OUT_MOST_MS && (cause === 'ended' || cause === 'over');
  if (isMeant) return 'logged-out';
  return watch === undefined ? cause : reasonByTime(cause, watch.ends, nowMs);
}

function hear(message: TabMessage): void {
  if (message.kind === 'left') {
    leave(message.reason, true);
    return;
  }
  if (message.kind === 'leaving') {
    askedToLeaveMs = Date.now();
    return;
  }
  if (message.kind === 'entered' && session.get().state === 'out') session.set({ state: 'starting' });
  if (session.get().state !== 'out') void recheck(false);
}
