import { describe, expect, test } from 'vitest';
import { createActivityFilter, type InputEvent } from '../../../src/web/auth-session/user-activity.ts';

const moved = (screenX: number, screenY: number): InputEvent => ({
  type: 'pointermove',
  isTrusted: true,
  screenX,
  screenY,
});

describe('user activity', () => {
  test('includes pointer movement across the screen, even slow movement', () => {
    const isActivity = createActivityFilter();
    expect([100, 103, 106, 109, 112, 115, 118].map((x) => isActivity(moved(x, 5)))).toEqual([
      ...[false, false, false, true],
      ...[false, false, true],
    ]);
  });

  test('excludes a pointer that appears, rests or jitters', () => {
    const isActivity = createActivityFilter();
    const tremor = Array.from({ length: 1000 }, (_, n) => moved(400 + (n % 5), 300 - (n % 4)));
    expect(tremor.filter(isActivity)).toEqual([]);
  });

  test('includes a key press but not the repetitions of a key that is held down', () => {
    const isActivity = createActivityFilter();
    expect(isActivity({ type: 'keydown', isTrusted: true, repeat: false })).toBe(true);
    expect(isActivity({ type: 'keydown', isTrusted: true, repeat: true })).toBe(false);
  });

  test('includes pointer buttons, the wheel and touch', () => {
    const isActivity = createActivityFilter();
    for (const type of ['pointerdown', 'wheel', 'touchstart'])
      expect(isActivity({ type, isTrusted: true, screenX: 5, screenY: 5 })).toBe(true);
  });

  test('excludes events created by scripts', () => {
    const isActivity = createActivityFilter();
    isActivity(moved(0, 0));
    expect(isActivity({ ...moved(500, 500), isTrusted: false })).toBe(false);
    expect(isActivity({ type: 'keydown', isTrusted: false })).toBe(false);
  });
});
