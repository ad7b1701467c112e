import { type JWTHeaderParameters, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { type AssertionClaims, createAssertionVerifier, signAssertion } from '../../src/jwt/assertion.ts';
import { keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';

const NOW_MS = 1_800_000_000_000;
const NOW = NOW_MS / 1000;
const claims: AssertionClaims = {
  iss: 'https://gate.example',
  aud: 'bank',
  sub: 'bob',
  sid: 'session-1',
  role: 'user',
  scope: ['accounts:read', 'transfers:write'],
  iat: NOW,
  exp: NOW + 60,
};

const ring = await keyRingFromPem(await makeKeyPem());
let isPublished = true;
const keys = {
  find: async (kid: string) => ring.all.find((key) => key.kid === kid && isPublished),
  has: () => isPublished,
};
const { verify } = createAssertionVerifier(
  { issuer: claims.iss, audience: claims.aud, roles: ['user'], scopes: claims.scope },
  keys,
);
const sign = (changes: object, header: object = {}) =>
  new SignJWT({ ...claims, scope: claims.scope.join(' '), ...changes })
    .setProtectedHeader({
      alg: 'PS256',
      typ: 'portcullis-assertion+jwt',
      kid: ring.signing.kid,
      ...header,
    } as JWTHeaderParameters)
    .sign(ring.signing.privateKey);

test('a signed assertion verifies to exactly its claims until exp', async () => {
  const token = await signAssertion(ring, claims);
  expect(await verify(token, NOW_MS)).toEqual(claims);
  expect(await verify(token, NOW_MS + 59_999)).toEqual(claims);
  expect(await verify(token, NOW_MS + 60_000)).toMatchObject({ reason: 'assertion_invalid' });
});

test('a cached assertion is refused once its key is no longer published', async () => {
  const token = await signAssertion(ring, { ...claims, sid: 'session-2' });
  expect(await verify(token, NOW_MS)).toMatchObject({ sid: 'session-2' });
  isPublished = false;
  expect(await verify(token, NOW_MS)).toMatchObject({ reason: 'assertion_invalid' });
  isPublished = true;
});

describe('a genuinely signed assertion is refused with', () => {
  test.each<[string, object, object]>([
    ['an unknown role', { role: 'root' }, {}],
    ['an unknown scope', { scope: 'accounts:read everything' }, {}],
    ['no scope', { scope: '' }, {}],
    ['two spaces between scopes', { scope: 'accounts:read  transfers:write' }, {}],
    ['an unknown claim', { admin: true }, {}],
    ['a lifetime of more than a minute', { exp: NOW + 61 }, {}],
    ['an iat in the future', { iat: NOW + 11, exp: NOW + 60 }, {}],
    ['two audiences', { aud: ['bank', 'other'] }, {}],
    ['the type of an access token', {}, { typ: 'at+jwt' }],
    ['another header parameter', {}, { jku: 'https://evil.example' }],
    ['an unknown kid', {}, { kid: 'x'.repeat(43) }],
  ])('%s', async (_what, changes, header) => {
    expect(await verify(await sign(changes, header), NOW_MS)).toMatchObject({ reason: 'assertion_invalid' });
  });
});
