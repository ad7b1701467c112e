import { randomBytes } from 'node:crypto';
import { type Attack, CREDENTIAL_INVALID, TOKEN_INVALID, TOKEN_REVOKED } from '../attack.ts';
import type { Material } from '../material.ts';
import { asBearer, asCookie, bearers, bothWays, rawRequest } from '../requests.ts';
import { byTheSigner, withClaims } from '../variations.ts';

const random128 = (): string => randomBytes(16).toString('base64url');

/** What the gateway tells the bank about a request, signed with the same key as its access tokens. */
function assertion(material: Material, typ: string): string {
  const { iss, sub, sid } = material.live.claims;
  const iat = Math.floor(Date.now() / 1000);
  return byTheSigner(material, {
    header: { alg: 'PS256', typ, kid: material.live.kid },
    payload: {
      iss,
      aud: 'portcullis-bank',
      sub,
      sid,
      role: 'super-admin',
      scope: 'accounts:read transfers:write',
      iat,
      exp: iat + 60,
    },
  });
}

export const LIFECYCLE_ATTACKS: readonly Attack[] = [
  {
    id: 'logged-out',
    title: 'a token that was logged out',
    why: 'e-book ch. 3, complaint 6',
    build: (material) => bothWays(material, [material.loggedOut.text]),
    expect: TOKEN_REVOKED,
  },
  {
    id: 'logged-out-signed-again',
    title: 'a token with the claims of one that was logged out and a fresh signature',
    why: 'e-book ch. 3, complaint 6: it is the jti that is dead, not a text',
    build: (material) => bothWays(material, [byTheSigner(material, { payload: material.loggedOut.claims })]),
    expect: TOKEN_REVOKED,
  },
  {
    id: 'never-whitelisted',
    title: 'a token of good signature that was never put on the whitelist',
    why: 'e-book ch. 3, complaint 10, and ch. 6: a signature alone opens nothing',
    build: (material) => bothWays(material, [withClaims(material, { jti: random128() })]),
    expect: TOKEN_REVOKED,
  },
  {
    id: 'other-user',
    title: 'a token of good signature with a live jti under another user',
    why: 'RFC 8725 §2.7',
    build: (material) => bearers(material, [withClaims(material, { sub: random128() })]),
    expect: TOKEN_REVOKED,
  },
  {
    id: 'assertion',
    title: "the gateway's own assertion to the bank, used as an access token",
    why: 'RFC 8725 §2.8, §3.12: cross-JWT confusion',
    build: (material) => bothWays(material, [assertion(material, 'portcullis-assertion+jwt')]),
    expect: TOKEN_INVALID,
  },
  {
    id: 'assertion-relabelled',
    title: 'the claims of an assertion under the typ of an access token',
    why: 'RFC 8725 §2.8, §3.9',
    build: (material) => bothWays(material, [assertion(material, 'at+jwt')]),
    expect: TOKEN_INVALID,
  },
  {
    id: 'empty',
    title: 'a bearer credential without a token',
    why: 'RFC 6750 §2.1',
    build: (material) => ['', ' ', '\t'].map((token) => asBearer(material, token)),
    expect: CREDENTIAL_INVALID,
  },
  {
    id: 'empty-cookie',
    title: 'a cookie without a token, or with a word for one',
    why: 'RFC 6265 §5.2',
    build: (material) =>
      ['', 'null', 'undefined', '""', 'deleted', '%00'].map((token) => asCookie(material, token)),
    expect: TOKEN_INVALID,
  },
  {
    id: 'no-token-at-all',
    title: 'a word, a number or an identifier in place of a token',
    why: 'RFC 6750 §3.1',
    build: (material) => {
      const { jti, sid, sub } = material.live.claims;
      return bearers(material, [
        'null',
        'undefined',
        'true',
        '0',
        '*',
        `${jti}`,
        `${sid}`,
        `${sub}`,
        `sess:{${sub}}:${jti}`,
      ]);
    },
    expect: TOKEN_INVALID,
  },
  {
    id: 'dead-beside-live',
    title: 'a token that was logged out beside a live one that names no credential',
    why: 'e-book ch. 3, complaint 6',
    build: (material) => [
      rawRequest(material, {
        lines: [`Authorization: Bearer ${material.loggedOut.text}`, `X-Access-Token: ${material.live.text}`],
      }),
    ],
    expect: TOKEN_REVOKED,
  },
];
