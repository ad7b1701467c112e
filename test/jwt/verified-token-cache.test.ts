import { expect, test } from 'vitest';
import { VerifiedTokenCache } from '../../src/jwt/verified-token-cache.ts';
import { keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';

const NOW_MS = 1_800_000_000_000;
const SIZE = 10;

const verified = {
  claims: { exp: NOW_MS / 1000 + 60 },
  key: (await keyRingFromPem(await makeKeyPem())).signing,
};
const newCache = () => new VerifiedTokenCache({ size: SIZE, trustCached: true });

test('a cache holds no more tokens than its size, and the newest is one of them', () => {
  const cache = newCache();
  const tokens = Array.from({ length: 1000 }, (_, n) => String(n));
  for (const token of tokens) cache.add(token, verified);
  expect(cache.reverify('999', NOW_MS)).toBe(verified.claims);
  const cached = tokens.filter((token) => cache.reverify(token, NOW_MS) !== undefined);
  expect(cached.length).toBeLessThanOrEqual(SIZE);
});

test('a token that is used again and again stays cached while others come and go', () => {
  const cache = newCache();
  cache.add('used', verified);
  for (let n = 0; n < 1000; n += 1) {
    cache.add(`other ${n}`, verified);
    expect(cache.reverify('used', NOW_MS)).toBe(verified.claims);
  }
});

test('a cached token expires at exp', () => {
  const cache = newCache();
  cache.add('token', verified);
  expect(cache.reverify('token', NOW_MS + 59_999)).toBe(verified.claims);
  expect(cache.reverify('token', NOW_MS + 60_000)).toMatchObject({ reason: 'expired' });
});
