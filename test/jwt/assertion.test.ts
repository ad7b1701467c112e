import { createPublicKey } from 'node:crypto';
import { type JWTHeaderParameters, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import {
  type AssertionClaims,
  createAssertionVerifier,
  isReusable,
  signAssertion,
} from '../../src/jwt/assertion.ts';
import { keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';

const NOW_MS = 1_800_000_000_000;
const NOW = NOW_MS / 1000;
const claims: AssertionClaims = {
  iss: 'https://gate.example',
  aud: 'bank',
  sub: 'bob',
  sid: 'session-1',
  role: 'user',
  scope: ['accounts:read', 'accounts:read-any'],
  jti: 'j'.repeat(22),
  htm: 'GET',
  path: '/accounts/a',
  iat: NOW,
  exp: NOW + 15,
};

const { signing } = await keyRingFromPem(await makeKeyPem());
const key = signing.assertionKey;
const keyObject = createPublicKey(key.privateKey);
let isPublished = true;
const keys = {
  find: async (kid: string) => (kid === key.kid && isPublished ? { kid, keyObject } : undefined),
  has: () => isPublished,
};
const { verify } = createAssertionVerifier(
  { issuer: claims.iss, audience: claims.aud, roles: ['user'], scopes: claims.scope },
  keys,
);
const sign = (changes: object, header: object = {}) =>
  new SignJWT({ ...claims, scope: claims.scope.join(' '), ...changes })
    .setProtectedHeader({
      alg: 'ES256',
      typ: 'portcullis-assertion+jwt',
      kid: key.kid,
      ...header,
    } as JWTHeaderParameters)
    .sign(key.privateKey);

test('a signed assertion verifies to exactly its claims until exp', async () => {
  const content_digest = `sha-256=:${'A'.repeat(43)}=:`;
  for (const given of [claims, { ...claims, htm: 'POST', content_digest }]) {
    const token = signAssertion(key, given);
    expect(await verify(token, NOW_MS)).toEqual(given);
    expect(await verify(token, NOW_MS + 14_999)).toEqual(given);
    expect(await verify(token, NOW_MS + 15_000)).toMatchObject({ reason: 'assertion_invalid' });
  }
});

test('an assertion for a path of 4 KiB verifies', async () => {
  const given = { ...claims, path: `/${'a'.repeat(4095)}` };
  expect(await verify(signAssertion(key, given), NOW_MS)).toEqual(given);
});

test('a cached assertion is refused once its key is no longer published', async () => {
  const token = signAssertion(key, { ...claims, sid: 'session-2' });
  expect(await verify(token, NOW_MS)).toMatchObject({ sid: 'session-2' });
  isPublished = false;
  expect(await verify(token, NOW_MS)).toMatchObject({ reason: 'assertion_invalid' });
  isPublished = true;
});

test.each([
  ['GET', true],
  ['HEAD', true],
  ['POST', false],
  ['PUT', false],
  ['PATCH', false],
  ['DELETE', false],
  ['get', false],
])('whether an assertion for %s may serve several requests: %s', (htm, expected) => {
  expect(isReusable({ htm })).toBe(expected);
});

describe('a genuinely signed assertion is refused with', () => {
  test.each<[string, object, object]>([
    ['an unknown role', { role: 'root' }, {}],
    ['an unknown scope', { scope: 'accounts:read everything' }, {}],
    ['no scope', { scope: '' }, {}],
    ['two spaces between scopes', { scope: 'accounts:read  accounts:read-any' }, {}],
    ['an unknown claim', { admin: true }, {}],
    ['no jti', { jti: undefined }, {}],
    ['a jti of another form', { jti: 'x' }, {}],
    ['no method', { htm: undefined }, {}],
    ['a method in small letters', { htm: 'get' }, {}],
    ['no path', { path: undefined }, {}],
    ['a path that is a URL', { path: 'https://bank.example/accounts' }, {}],
    ['a digest by another algorithm', { content_digest: 'md5=:AAAAAAAAAAAAAAAAAAAAAA==:' }, {}],
    ['a digest that is null', { content_digest: null }, {}],
    ['a lifetime of more than 15 seconds', { exp: NOW + 16 }, {}],
    ['an iat in the future', { iat: NOW + 11, exp: NOW + 20 }, {}],
    ['two audiences', { aud: ['bank', 'other'] }, {}],
    ['the type of an access token', {}, { typ: 'at+jwt' }],
    ['another header parameter', {}, { jku: 'https://evil.example' }],
    ['an unknown kid', {}, { kid: 'x'.repeat(43) }],
  ])('%s', async (_what, changes, header) => {
    expect(await verify(await sign(changes, header), NOW_MS)).toMatchObject({ reason: 'assertion_invalid' });
  });
});
