import { logIn as askLogIn, logOut as askLogOut, type Credentials, type Who, whoAmI } from '../api/auth.ts';
import { NotDone } from '../api/problem.ts';
import { whenSessionIsOver } from '../api/request.ts';
import { createStore } from '../store.ts';
import { type SessionEnds, sessionEnds } from './idle.ts';
import { type IdleWatch, watchIdleness } from './idle-watch.ts';
import { keepCurrent } from './keep-current.ts';
import { forgetPresence, mayBeLoggedIn } from './presence.ts';
import { type LeavingReason, REASON_OF_EVENT } from './reasons.ts';
import { hearTabs, type TabMessage, tellTabs } from './tabs.ts';

/** Who uses the page. */
export type Session =
  | { state: 'starting' }
  | { state: 'out'; reason?: LeavingReason }
  /** The service doesn't answer, so nobody knows. */
  | { state: 'unknown' }
  | { state: 'in'; who: Who };

export const session = createStore<Session>({ state: 'starting' });

/** Ends that are this near count as reached: the server and this computer don't count in step. */
const NEAR_MS = 2000;

let ends: SessionEnds | undefined;
let tokenEndsMs = 0;
let idle: IdleWatch | undefined;
let stopKeeping: (() => void) | undefined;

/** Finds out who uses the page, once, when it is loaded. */
export async function startSession(): Promise<void> {
  whenSessionIsOver(() => leave(reasonByTime('over')));
  hearTabs(hear);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && session.get().state === 'in') void recheck(false);
  });
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted) location.reload();
  });
  await findOut();
}

/** Tries again after the service has not answered. */
export async function findOut(): Promise<void> {
  if (!mayBeLoggedIn()) return session.set({ state: 'out' });
  await recheck(true);
}

/** @throws {NotDone} */
export async function logIn(credentials: Credentials): Promise<void> {
  await askLogIn(credentials);
  enter(await whoAmI(false));
  tellTabs({ kind: 'entered' });
}

/** Ends the session at the server, and the page is left in any case but one: when the server can't be asked. */
export async function logOut(): Promise<void> {
  await askLogOut().catch((fault: unknown) => {
    if (fault instanceof NotDone && fault.isOutage) throw fault;
  });
  leave('logged-out');
}

/** Asks the server again who uses the page and for how long yet; with `isHere`, as somebody who is there. */
export async function recheck(isHere: boolean): Promise<void> {
  try {
    const who = await whoAmI(!isHere);
    if (session.get().state === 'out') return;
    enter(who);
    if (isHere) tellTabs({ kind: 'recheck' });
  } catch {
    if (session.get().state === 'starting') session.set({ state: 'unknown' });
  }
}

function enter(who: Who): void {
  const nowMs = Date.now();
  ends = sessionEnds(who, nowMs, isSameSession(who) ? ends : undefined);
  tokenEndsMs = nowMs + who.token_expires_in_ms;
  session.set({ state: 'in', who });
  stopKeeping ??= keepCurrent({
    onEnded: (reason) => leave(reasonOfEvent(reason)),
    onChange: recheckAll,
    tokenEndsMs: () => tokenEndsMs,
  });
  if (idle === undefined) {
    const parts = { ends: () => ends as SessionEnds, recheck, onOver: () => void recheck(false) };
    idle = watchIdleness(parts);
  } else idle.look();
}

function isSameSession(who: Who): boolean {
  const now = session.get();
  return now.state === 'in' && now.who.session_id === who.session_id;
}

function leave(reason: LeavingReason, isHeard = false): void {
  if (session.get().state === 'out') return;
  stopKeeping?.();
  idle?.stop();
  stopKeeping = idle = ends = undefined;
  if (!isHeard) {
    forgetPresence();
    tellTabs({ kind: 'left', reason });
  }
  session.set({ state: 'out', reason });
}

function hear(message: TabMessage): void {
  if (message.kind === 'left') leave(message.reason, true);
  if (message.kind === 'entered' && session.get().state === 'out') session.set({ state: 'starting' });
  if (session.get().state !== 'out') void recheck(false);
}

async function recheckAll(): Promise<void> {
  await recheck(false);
  tellTabs({ kind: 'recheck' });
}

const reasonOfEvent = (reason: string): LeavingReason => reasonByTime(REASON_OF_EVENT[reason] ?? 'over');

/** Whoever is out because time is up is told so, and not that somebody has ended the session. */
function reasonByTime(otherwise: LeavingReason): LeavingReason {
  const soon = Date.now() + NEAR_MS;
  if (ends === undefined || otherwise === 'blocked' || otherwise === 'address') return otherwise;
  if (ends.absoluteMs <= soon) return 'at-its-end';
  return ends.idleMs <= soon ? 'idle' : otherwise;
}
