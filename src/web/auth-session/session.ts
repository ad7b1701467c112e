import { NotDone } from '../api/api-error.ts';
import {
  logIn as askLogIn,
  logOut as askLogOut,
  type Credentials,
  type SessionAnswer,
  whoAmI,
} from '../api/auth.ts';
import { changeUser, whenSessionIsOver } from '../api/request.ts';
import { nowMs, type SessionEnds, sessionEnds } from './idle-time.ts';
import { keepCurrent } from './session-events.ts';
import {
  forgetPresence,
  type LeavingReason,
  mayBeLoggedIn,
  REASON_OF_EVENT,
  reasonByTime,
  session,
  sessionId,
} from './session-state.ts';
import { hearTabs, type TabMessage, tellTabs } from './tabs.ts';
import { type IdleWatch, watchIdleness } from './user-activity.ts';

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

/** Questions who is here, counted; up to which one the answers say nothing any more of who is here now. */
let asked = 0;
let outdated = 0;

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
  forgetUser();
  enter(await whoAmI(false));
  tellTabs({ kind: 'entered' });
}

/**
 * Ends the session at the server, and then the page is left; also when the session was over already.
 * @throws {NotDone} when the session may go on
 */
export async function logOut(): Promise<void> {
  const leaving = sessionId();
  askedToLeaveMs = nowMs();
  tellTabs({ kind: 'leaving' });
  await askLogOut().catch((fault: unknown) => {
    if (!(fault instanceof NotDone && fault.status === 401)) throw fault;
  });
  if (sessionId() === leaving) leave('logged-out');
}

/**
 * Asks the server who uses the page and for how long yet; with `isHere`, as somebody who is there, which begins the
 * idle timeout anew. Answers whether there was an answer. A session that is over is left. The other tabs are told what
 * they have to ask for too, unless it was one of them that has told this one.
 */
export async function recheck(isHere: boolean, isTold = false): Promise<boolean> {
  asked += 1;
  const mine = asked;
  try {
    const answer = await whoAmI(!isHere);
    if (mine <= outdated) return true;
    outdated = mine;
    const isNews = enter(answer);
    if (isHere || (isNews && !isTold)) tellTabs({ kind: 'recheck' });
    return true;
  } catch {
    if (mine > outdated && session.get().state === 'starting') session.set({ state: 'unknown' });
    return false;
  }
}

/** Whoever was here has left, or somebody else has come. */
function forgetUser(): void {
  outdated = asked;
  changeUser();
}

/** Answers whether the user, or their role, is another one than before. */
function enter(answer: SessionAnswer): boolean {
  const { exp: _, token_expires_in_ms, idle_expires_in_ms, session_expires_in_ms, ...who } = answer;
  const heardMs = nowMs();
  const before = session.get();
  if (before.state === 'in' && before.who.session_id !== who.session_id) {
    stopWatching();
    forgetUser();
  }
  const left = { idle_expires_in_ms, session_expires_in_ms };
  const times = { ends: sessionEnds(left, heardMs, watch?.ends), tokenEndsMs: heardMs + token_expires_in_ms };
  const isNews = before.state !== 'in' || JSON.stringify(before.who) !== JSON.stringify(who);
  if (isNews) session.set({ state: 'in', who });
  if (watch === undefined) startWatching(who.session_id, times);
  else Object.assign(watch, times).idle?.look();
  return isNews;
}

function startWatching(sessionId: string, times: Pick<Watch, 'ends' | 'tokenEndsMs'>): void {
  const started: Watch = { ...times };
  watch = started;
  started.stopKeeping = keepCurrent({
    sessionId,
    onEnded: (reason) => leave(REASON_OF_EVENT[reason] ?? 'over'),
    onChange: () => recheck(false).then(() => tellTabs({ kind: 'recheck' })),
    onRefused: () => recheck(false),
    tokenEndsMs: () => started.tokenEndsMs,
  });
  started.idle = watchIdleness({
    ends: () => started.ends,
    recheck,
    onOver: () => void recheck(false).then((isAnswered) => isAnswered || watch !== started || leave('over')),
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
  const reason = reasonNow(cause);
  stopWatching();
  forgetUser();
  if (!isHeard) {
    forgetPresence();
    tellTabs({ kind: 'left', reason, sessionId: sessionId() });
  }
  // The log-in page writes its own when it is drawn: in a tab that can't be seen that may be much later.
  document.title = 'Portcullis';
  session.set({ state: 'out', reason });
}

function reasonNow(cause: LeavingReason): LeavingReason {
  const isMeant = nowMs() - askedToLeaveMs < LOG_OUT_MOST_MS && (cause === 'ended' || cause === 'over');
  if (isMeant) return 'logged-out';
  return watch === undefined ? cause : reasonByTime(cause, watch.ends, nowMs());
}

function hear(message: TabMessage): void {
  if (message.kind === 'left' && message.sessionId === sessionId()) {
    leave(message.reason, true);
    return;
  }
  if (message.kind === 'leaving') {
    askedToLeaveMs = nowMs();
    return;
  }
  if (message.kind === 'entered' && session.get().state === 'out') session.set({ state: 'starting' });
  if (session.get().state !== 'out') void recheck(false, true);
}
