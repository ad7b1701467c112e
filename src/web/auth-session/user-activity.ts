import { createStore } from '../hooks/store.ts';
import { type IdlePhase, idlePhase, nowMs, type SessionTimes, shouldReportActivity } from './idle-time.ts';

/** The parts of a DOM event that show whether a person caused it. */
export type InputEvent = Pick<Event, 'type' | 'isTrusted'> &
  Partial<Pick<KeyboardEvent, 'repeat'>> &
  Partial<Pick<PointerEvent, 'screenX' | 'screenY'>>;

/** Pointer movement below this distance is jitter. CSS pixels on the screen. */
const JITTER_PX = 8;

/**
 * Creates a filter for input events: which of them are user activity? Not the repetitions of a key that is held down,
 * nor the jitter of a resting mouse, nor the movement that some browsers report when the page or a window moves below
 * the pointer. None of these may keep a session from idling.
 */
export function createActivityFilter(): (event: InputEvent) => boolean {
  let rest: { x: number; y: number } | undefined;

  function hasMoved({ screenX: x = 0, screenY: y = 0 }: InputEvent): boolean {
    const isFar = rest !== undefined && Math.hypot(x - rest.x, y - rest.y) >= JITTER_PX;
    if (isFar || rest === undefined) rest = { x, y };
    return isFar;
  }

  return (event) => {
    if (!event.isTrusted) return false;
    return event.type === 'pointermove' ? hasMoved(event) : event.repeat !== true;
  };
}

const INPUT_EVENTS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;
/** The server's clock and this one differ by a little; the server is not asked again at once because of that. */
const CHECK_INTERVAL_MIN_MS = 250;

interface IdleWatchDeps {
  times(): SessionTimes;
  /** Asks the server how much time is left; `isActive` reports activity with it. */
  recheck(isActive: boolean): Promise<unknown>;
  /** The time is over, and the server has not reported it. */
  onTimeout(): void;
}

export interface IdleWatch {
  /** To be called when the times have changed. */
  update(): void;
  stop(): void;
}

/** The warning on the screen, if any. */
export const idleWarning = createStore<Extract<IdlePhase, { phase: 'warning' }> | undefined>(undefined);

/**
 * Counts down to the idle timeout. Other tabs keep the session active too, so the server is asked in the background
 * before the user is warned.
 */
export function watchIdleTime({ times, recheck, onTimeout }: IdleWatchDeps): IdleWatch {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const isActivity = createActivityFilter();
  let isReporting = false;
  let isStopped = false;

  const schedule = (ms: number, callback: () => void): void => {
    clearTimeout(timer);
    timer = setTimeout(callback, ms);
  };

  function update(): void {
    if (isStopped) return;
    const current = idlePhase(times(), nowMs());
    idleWarning.set(current.phase === 'warning' ? current : undefined);
    if (current.phase === 'active')
      schedule(Math.max(current.warnInMs, CHECK_INTERVAL_MIN_MS), askBeforeWarning);
    else if (current.phase === 'warning') schedule(current.nextInMs, update);
    else onTimeout();
  }

  const askBeforeWarning = (): void => void recheck(false).then(update, update);

  function onInput(event: Event): void {
    if (!isActivity(event) || isReporting) return;
    if (idleWarning.get() !== undefined || !shouldReportActivity(times(), nowMs())) return;
    isReporting = true;
    void recheck(true)
      .catch(() => {})
      .finally(() => {
        isReporting = false;
      });
  }

  for (const type of INPUT_EVENTS) window.addEventListener(type, onInput, { passive: true });
  update();
  return {
    update,
    stop() {
      isStopped = true;
      clearTimeout(timer);
      for (const type of INPUT_EVENTS) window.removeEventListener(type, onInput);
      idleWarning.set(undefined);
    },
  };
}
