import { randomBytes } from 'node:crypto';
import { type JWTHeaderParameters, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { type AccessClaims, createAccessTokenVerifier, signAccessToken } from '../../src/jwt/access-token.ts';
import { isExpired } from '../../src/jwt/claims.ts';
import { keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';
import { Refusal } from '../../src/refusal.ts';

const NOW_MS = 1_800_000_000_000;
const NOW = NOW_MS / 1000;
const EXPECTED = { issuer: 'https://gate.example', audience: 'portcullis-api' };

const ring = await keyRingFromPem(await makeKeyPem());
const foreign = await keyRingFromPem(await makeKeyPem());
const verify = createAccessTokenVerifier(ring, EXPECTED, 0);

const random128 = (): string => randomBytes(16).toString('base64url');
const claimsAt = (now: number): AccessClaims => ({
  iss: EXPECTED.issuer,
  aud: EXPECTED.audience,
  sub: random128(),
  client_id: 'portcullis-web',
  sid: random128(),
  jti: random128(),
  auth_time: now,
  iat: now,
  exp: now + 300,
});

/** A token signed with the gateway's key, with any claims. */
const signed = (claims: Record<string, unknown>): Promise<string> =>
  signAccessToken(ring, claims as unknown as AccessClaims);

async function reasonFor(token: string, nowMs = NOW_MS): Promise<string | undefined> {
  const outcome = await verify(token, nowMs);
  return outcome instanceof Refusal ? outcome.reason : undefined;
}

test('a token that the gateway signed verifies to exactly its claims', async () => {
  const claims = claimsAt(NOW);
  expect(await verify(await signAccessToken(ring, claims), NOW_MS)).toEqual(claims);
});

test('a token is valid until the last millisecond before exp and expired from the first of exp', async () => {
  const claims = claimsAt(NOW);
  const token = await signAccessToken(ring, claims);
  expect(await reasonFor(token, claims.exp * 1000 - 1)).toBeUndefined();
  expect(await reasonFor(token, claims.exp * 1000)).toBe('token_expired');
});

test('iat may be at most 10 s ahead of the clock of this machine', async () => {
  const at = (iat: number) => signed({ ...claimsAt(NOW), iat, auth_time: NOW, exp: iat + 300 });
  expect(await reasonFor(await at(NOW + 10))).toBeUndefined();
  expect(await reasonFor(await at(NOW + 11))).toBe('token_claims');
});

describe('a genuinely signed token is refused', () => {
  const names = ['iss', 'aud', 'sub', 'client_id', 'sid', 'jti', 'auth_time', 'iat', 'exp'];

  test.each(names)('without %s', async (name) => {
    const { [name]: _removed, ...claims } = { ...claimsAt(NOW) } as Record<string, unknown>;
    expect(await reasonFor(await signed(claims))).toBe('token_claims');
  });

  test.each(names.flatMap((name) => [null, true, [], {}].map((value) => [name, value] as const)))(
    'with %s of the wrong type (%j)',
    async (name, value) => {
      expect(await reasonFor(await signed({ ...claimsAt(NOW), [name]: value }))).toBe('token_claims');
    },
  );

  test.each([
    ['a fractional exp', { exp: NOW + 300.5 }],
    ['a negative iat', { iat: -1, auth_time: -1 }],
    ['a huge exp', { exp: 1e15 }],
    ['an exp of more than 30 days', { exp: NOW + 2_592_001 }],
    ['an exp that is a string', { exp: String(NOW + 300) }],
    ['an exp that is not after iat', { iat: NOW + 5, auth_time: NOW, exp: NOW + 5 }],
    ['an auth_time after iat', { auth_time: NOW + 1 }],
    ['an aud that is an array with the right one', { aud: ['portcullis-api'] }],
    ['an aud of another service', { aud: 'portcullis-bank' }],
    ['an iss with a trailing slash', { iss: 'https://gate.example/' }],
    ['an iss in capitals', { iss: 'https://GATE.example' }],
    ['a jti that is too short', { jti: 'abc' }],
    ['an unknown claim', { cnf: { jkt: 'x' } }],
    ['nbf', { nbf: NOW }],
  ])('with %s', async (_what, change) => {
    expect(await reasonFor(await signed({ ...claimsAt(NOW), ...change }))).toBe('token_claims');
  });

  test.each([
    ['another typ', { alg: 'PS256', typ: 'JWT' }],
    ['the media type spelled out', { alg: 'PS256', typ: 'application/at+jwt' }],
    ['no typ', { alg: 'PS256' }],
    ['another header parameter', { alg: 'PS256', typ: 'at+jwt', jku: 'https://evil.example' }],
  ])('with %s in the header', async (_what, header) => {
    const token = await new SignJWT({ ...claimsAt(NOW) })
      .setProtectedHeader({ ...header, kid: ring.signing.kid } as JWTHeaderParameters)
      .sign(ring.signing.privateKey);
    expect(await reasonFor(token)).toBe('token_header');
  });
});

test('a token of another key with the same kid in its header is refused because of its signature', async () => {
  const masked = { ...foreign, signing: { ...foreign.signing, kid: ring.signing.kid } };
  expect(await reasonFor(await signAccessToken(masked, claimsAt(NOW)))).toBe('token_signature');
});

test('every key of the ring verifies, and only the first one signs', async () => {
  const [older, newer] = [await makeKeyPem(), await makeKeyPem()];
  const oldRing = await keyRingFromPem(older);
  const rotated = await keyRingFromPem(`${newer}\n${older}`);
  const verifyRotated = createAccessTokenVerifier(rotated, EXPECTED, 0);
  const claims = claimsAt(NOW);
  expect(await verifyRotated(await signAccessToken(oldRing, claims), NOW_MS)).toEqual(claims);
  expect(rotated.signing.kid).not.toBe(oldRing.signing.kid);
});

describe('a token that is verified again', () => {
  /** A token that was accepted once, and a change of the key after which its signature is wrong. */
  const acceptedOnce = async (memoMaxBytes: number) => {
    const key = { ...ring.signing };
    const repeated = createAccessTokenVerifier({ signing: key, all: [key] }, EXPECTED, memoMaxBytes);
    const token = await signAccessToken(ring, claimsAt(NOW));
    expect(repeated(token, NOW_MS)).not.toBeInstanceOf(Refusal);
    key.keyObject = foreign.signing.keyObject;
    return repeated(token, NOW_MS);
  };

  test('has its signature verified again each time', async () => {
    expect(await acceptedOnce(0)).toMatchObject({ reason: 'token_signature' });
  });

  test('is accepted without that only if there is a memo of signatures', async () => {
    expect(await acceptedOnce(4096)).not.toBeInstanceOf(Refusal);
  });

  test('has the same claims, and expires on time', async () => {
    const claims = claimsAt(NOW);
    const token = await signAccessToken(ring, claims);
    expect(await verify(token, NOW_MS)).toEqual(claims);
    expect(await verify(token, NOW_MS)).toEqual(claims);
    expect(await verify(token, claims.exp * 1000)).toMatchObject({ reason: 'token_expired' });
  });
});

describe('with a memo of signatures', () => {
  test('a known token still expires, and a changed token is still verified', async () => {
    const caching = createAccessTokenVerifier(ring, EXPECTED, 4096);
    const claims = claimsAt(NOW);
    const token = await signAccessToken(ring, claims);
    expect(await caching(token, NOW_MS)).toEqual(claims);
    expect(await caching(token, NOW_MS)).toEqual(claims);
    expect(await caching(token, claims.exp * 1000)).toMatchObject({ reason: 'token_expired' });
    const flipped = token.slice(0, -3) + (token.at(-3) === 'A' ? 'B' : 'A') + token.slice(-2);
    expect(await caching(flipped, NOW_MS)).toMatchObject({ reason: 'token_signature' });
  });

  test('a refused token is refused again', async () => {
    const caching = createAccessTokenVerifier(ring, EXPECTED, 4096);
    const token = await signed({ ...claimsAt(NOW), aud: 'another' });
    expect(await caching(token, NOW_MS)).toMatchObject({ reason: 'token_claims' });
    expect(await caching(token, NOW_MS)).toMatchObject({ reason: 'token_claims' });
  });
});

test.for([Number.NaN, undefined])('a token whose exp is %s has expired', (exp) => {
  expect(isExpired({ exp: exp as number }, NOW_MS)).toBe(true);
});
