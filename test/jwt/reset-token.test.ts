import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { ASSERTION_TYPE } from '../../src/jwt/assertion.ts';
import {
  RESET_AUDIENCE,
  RESET_TYPE,
  type ResetClaims,
  signResetToken,
  verifyResetToken,
} from '../../src/jwt/reset-token.ts';
import { keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';
import { Refusal } from '../../src/refusal.ts';

const ISSUER = 'https://gate.example';
const NOW_MS = 1_900_000_000_000;
const NOW = NOW_MS / 1000;
const claims: ResetClaims = {
  iss: ISSUER,
  aud: RESET_AUDIENCE,
  sub: 's'.repeat(22),
  jti: 'j'.repeat(22),
  iat: NOW,
  exp: NOW + 600,
};

const ring = await keyRingFromPem(await makeKeyPem());
const foreign = await keyRingFromPem(await makeKeyPem());

const verify = (token: string, nowMs = NOW_MS) => verifyResetToken(ring, ISSUER, token, nowMs);
const sign = (payload: object, header: object = {}) =>
  new SignJWT({ ...payload })
    .setProtectedHeader({ alg: 'PS256', typ: RESET_TYPE, kid: ring.signing.kid, ...header })
    .sign(ring.signing.privateKey);

test('a genuine token verifies to its claims until the millisecond before exp', async () => {
  const token = await signResetToken(ring, claims);
  expect(await verify(token)).toEqual(claims);
  expect(await verify(token, NOW_MS + 599_999)).toEqual(claims);
  expect(await verify(token, NOW_MS + 600_000)).toBeInstanceOf(Refusal);
});

describe('refused', () => {
  const { jti, ...withoutJti } = claims;
  test.each<[string, object, object]>([
    ['the type of an access token', claims, { typ: 'at+jwt' }],
    ['the type of an assertion', claims, { typ: ASSERTION_TYPE }],
    ['no type', claims, { typ: undefined }],
    ['another header parameter', claims, { jku: 'https://evil.example' }],
    ['another issuer', { ...claims, iss: `${ISSUER}/` }, {}],
    ['the audience of the API', { ...claims, aud: 'portcullis-api' }, {}],
    ['two audiences', { ...claims, aud: [RESET_AUDIENCE, 'portcullis-api'] }, {}],
    ['no jti', withoutJti, {}],
    ['a subject that is not an id', { ...claims, sub: 'bob' }, {}],
    ['an unknown claim', { ...claims, role: 'admin' }, {}],
    ['a lifetime of more than ten minutes', { ...claims, exp: NOW + 601 }, {}],
    ['an iat in the future', { ...claims, iat: NOW + 11 }, {}],
    ['a fractional exp', { ...claims, exp: NOW + 1.5 }, {}],
  ])('a token with %s', async (_what, payload, header) => {
    expect(await verify(await sign(payload, header))).toMatchObject({ reason: 'reset_invalid' });
  });

  test('a token signed with another key', async () => {
    expect(await verify(await signResetToken(foreign, claims))).toMatchObject({ reason: 'reset_invalid' });
  });

  test('a token in another encoding', async () => {
    const token = await signResetToken(ring, claims);
    for (const changed of [`${token}=`, ` ${token}`, `${token}.`, token.toUpperCase()])
      expect(await verify(changed)).toMatchObject({ reason: 'reset_invalid' });
  });
});
