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
