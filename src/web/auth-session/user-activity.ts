import { createStore } from '../hooks/store.ts';
import { type Idleness, idleness, isWorthRenewing, nowMs, type SessionEnds } from './idle-time.ts';

/** What of an event tells whether a person has made it. */
export type PossibleSign = Pick<Event, 'type' | 'isTrusted'> &
  Partial<Pick<KeyboardEvent, 'repeat'>> &
  Partial<Pick<PointerEvent, 'screenX' | 'screenY'>>;

/** A mouse that nobody holds trembles by less. CSS pixels on the screen. */
const REST_PX = 8;

/**
 * Makes a judge of events: is each a sign that somebody is here? A key on which something lies repeats, a mouse that
 * nobody holds trembles, and some browsers and desktops say that a pointer has moved when a page that changes by
 * itself, or a window, has moved beneath it. None of these may keep a session alive.
 */
export function createSigns(): (event: PossibleSign) => boolean {
  let rest: { x: number; y: number } | undefined;

  function hasMoved({ screenX: x = 0, screenY: y = 0 }: PossibleSign): boolean {
    const isFar = rest !== undefined && Math.hypot(x - rest.x, y - rest.y) >= REST_PX;
    if (isFar || rest === undefined) rest = { x, y };
    return isFar;
  }

  return (event) => {
    if (!event.isTrusted) return false;
    return event.type === 'pointermove' ? hasMoved(event) : event.repeat !== true;
  };
}

export interface IdleWatchParts {
  ends(): SessionEnds;
  /** Asks the server how long is left; with `isHere` it also tells that somebody is here. */
  recheck(isHere: boolean): Promise<unknown>;
  /** The time is up, and the server has not been heard to say so. */
  onOver(): void;
}

export interface IdleWatch {
  /** The ends have changed. */
  look(): void;
  stop(): void;
}

/** What may be a sign that somebody is here. */
const SIGNS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;
/** The server's count and this one differ by a little; it is not asked again at once for that. */
const CHECKS_APART_MS = 250;

/** The warning that is on the screen, if any. */
export const idleWarning = createStore<Extract<Idleness, { phase: 'warning' }> | undefined>(undefined);

/**
 * Counts down to the idle timeout. The server's word is what counts: other tabs keep the session alive too, so it is
 * asked, unseen, before anybody is warned.
 */
export function watchIdleness({ ends, recheck, onOver }: IdleWatchParts): IdleWatch {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const isSign = createSigns();
  let isRenewing = false;
  let isStopped = false;

  const wait = (ms: number, then: () => void): void => {
    clearTimeout(timer);
    timer = setTimeout(then, ms);
  };

  function look(): void {
    if (isStopped) return;
    const now = idleness(ends(), nowMs());
    idleWarning.set(now.phase === 'warning' ? now : undefined);
    if (now.phase === 'present') wait(Math.max(now.warnInMs, CHECKS_APART_MS), askFirst);
    else if (now.phase === 'warning') wait(now.nextInMs, look);
    else onOver();
  }

  const askFirst = (): void => void recheck(false).then(look, look);

  function noteSign(event: Event): void {
    if (!isSign(event) || isRenewing) return;
    if (idleWarning.get() !== undefined || !isWorthRenewing(ends(), nowMs())) return;
    isRenewing = true;
    void recheck(true)
      .catch(() => {})
      .finally(() => {
        isRenewing = false;
      });
  }

  for (const sign of SIGNS) window.addEventListener(sign, noteSign, { passive: true });
  look();
  return {
    look,
    stop() {
      isStopped = true;
      clearTimeout(timer);
      for (const sign of SIGNS) window.removeEventListener(sign, noteSign);
      idleWarning.set(undefined);
    },
  };
}
