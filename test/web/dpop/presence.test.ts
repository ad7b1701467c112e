import { afterEach, expect, test, vi } from 'vitest';
import { isOtherLogin, readPresence } from '../../../src/web/dpop/presence.ts';

const JKT = 'a'.repeat(43);
const HASH = 'b'.repeat(43);
const bound = { value: `${JKT}.${HASH}`, jkt: JKT, accessTokenHash: HASH };
const unbound = { value: '1', jkt: undefined, accessTokenHash: undefined };

const presenceIn = (cookie: string) => {
  vi.stubGlobal('document', { cookie });
  return readPresence();
};
afterEach(() => void vi.unstubAllGlobals());

test.each([
  ['', undefined],
  ['other=1; portcullis-presents=1', undefined],
  ['portcullis-present=1', unbound],
  [`other=1; portcullis-present=${JKT}.${HASH}`, bound],
  [`__Host-portcullis-present=${JKT}.${HASH}; a=b`, bound],
  ['portcullis-present=short.short', { ...unbound, value: 'short.short' }],
])('what the cookies "%s" say is read', (cookie, presence) => {
  expect(presenceIn(cookie)).toEqual(presence);
});

test('behind TLS, a cookie of a neighboring host does not hide that of the gateway', () => {
  const own = `__Host-portcullis-present=${JKT}.${HASH}`;
  expect(presenceIn(`portcullis-present=1; ${own}`)).toEqual(bound);
  expect(presenceIn(`${own}; portcullis-present=1`)).toEqual(bound);
});

test('a login with another key is another login, and neither a refresh nor a logout is', () => {
  expect(isOtherLogin(bound, { ...bound, jkt: 'c' })).toBe(true);
  expect(isOtherLogin(bound, unbound)).toBe(true);
  expect(isOtherLogin(undefined, bound)).toBe(true);
  expect(isOtherLogin(bound, { ...bound, value: 'x', accessTokenHash: 'x' })).toBe(false);
  expect(isOtherLogin(bound, undefined)).toBe(false);
});
