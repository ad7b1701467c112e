import { describe, expect, test } from 'vitest';
import { createSigns, type PossibleSign } from '../../src/web/auth-session/user-activity.ts';

const moved = (screenX: number, screenY: number): PossibleSign => ({
  type: 'pointermove',
  isTrusted: true,
  screenX,
  screenY,
});

describe('a sign that somebody is here', () => {
  test('is a pointer that has moved across the screen, be it slowly', () => {
    const isSign = createSigns();
    expect([100, 103, 106, 109, 112, 115, 118].map((x) => isSign(moved(x, 5)))).toEqual([
      ...[false, false, false, true],
      ...[false, false, true],
    ]);
  });

  test('is not a pointer that only appears, rests or trembles, however often it is said to have moved', () => {
    const isSign = createSigns();
    const tremor = Array.from({ length: 1000 }, (_, n) => moved(400 + (n % 5), 300 - (n % 4)));
    expect(tremor.filter(isSign)).toEqual([]);
  });

  test('is a key that goes down, and not one that stays down', () => {
    const isSign = createSigns();
    expect(isSign({ type: 'keydown', isTrusted: true, repeat: false })).toBe(true);
    expect(isSign({ type: 'keydown', isTrusted: true, repeat: true })).toBe(false);
  });

  test('is a button, a wheel or a finger', () => {
    const isSign = createSigns();
    for (const type of ['pointerdown', 'wheel', 'touchstart'])
      expect(isSign({ type, isTrusted: true, screenX: 5, screenY: 5 })).toBe(true);
  });

  test('is nothing that a script has made', () => {
    const isSign = createSigns();
    isSign(moved(0, 0));
    expect(isSign({ ...moved(500, 500), isTrusted: false })).toBe(false);
    expect(isSign({ type: 'keydown', isTrusted: false })).toBe(false);
  });
});
