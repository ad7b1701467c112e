import { describe, expect, test } from 'vitest';
import { Refusal } from '../../../src/refusal.ts';
import { mintRefreshToken, readRefreshToken } from '../../../src/sessions/refresh-token.ts';
import { deviceKeyFrom, mintDeviceToken, readDeviceToken } from '../../../src/users/logins/device-token.ts';

const REFRESH_KEY = new Uint8Array(32).map((_, i) => i);
const KEY = deviceKeyFrom(REFRESH_KEY);
const NOW_MS = 1_900_000_000_000;
const DEVICE = { sub: 's'.repeat(22), id: 'd'.repeat(22), generation: 7 };
const token = mintDeviceToken(KEY, DEVICE, NOW_MS / 1000 + 60);

test('a token reads as the device that it was issued for until it expires', () => {
  expect(readDeviceToken(KEY, token, NOW_MS)).toEqual(DEVICE);
  expect(readDeviceToken(KEY, token, NOW_MS + 59_999)).toEqual(DEVICE);
  expect(readDeviceToken(KEY, token, NOW_MS + 60_000)).toBeUndefined();
});

describe('a token is not read', () => {
  const [version = '', sub = '', id = '', generation = '', exp = '', mac = ''] = token.split('.');
  test.each([
    ['with another user', [version, 'x'.repeat(22), id, generation, exp, mac]],
    ['with another id', [version, sub, 'x'.repeat(22), generation, exp, mac]],
    ['with another generation', [version, sub, id, '8', exp, mac]],
    ['with a later expiry', [version, sub, id, generation, `${Number(exp) + 1}`, mac]],
    ['with a zero in front', [version, sub, id, `0${generation}`, exp, mac]],
    ['without its MAC', [version, sub, id, generation, exp]],
    ['with an empty MAC', [version, sub, id, generation, exp, '']],
    ['with more after it', [version, sub, id, generation, exp, mac, '']],
  ])('%s', (_what, parts) => {
    expect(readDeviceToken(KEY, parts.join('.'), NOW_MS)).toBeUndefined();
  });

  test('under another key', () => {
    expect(readDeviceToken(deviceKeyFrom(new Uint8Array(32)), token, NOW_MS)).toBeUndefined();
  });

  test('if there is none', () => {
    expect(readDeviceToken(KEY, undefined, NOW_MS)).toBeUndefined();
  });
});

test('a device token is no refresh token and a refresh token no device token, because their keys differ', () => {
  expect(KEY).not.toEqual(REFRESH_KEY);
  expect(readRefreshToken(REFRESH_KEY, token)).toBeInstanceOf(Refusal);
  const refresh = mintRefreshToken(REFRESH_KEY, { sub: DEVICE.sub, sid: DEVICE.id, refreshCount: 7 });
  expect(readDeviceToken(KEY, refresh, NOW_MS)).toBeUndefined();
});
