import { constants, sign } from 'node:crypto';
import type { AccessClaims } from '../../src/jwt/access-token.ts';
import type { SharedSetup } from '../contestant.ts';

const SALT_BYTES = 32;

/** The claims of an access token, with any values. */
export type ClaimsOfToken = AccessClaims;

/** An access token with the signature of the shared key, whatever its claims are. */
export function signToken({ signingKeyPem, kid }: SharedSetup, claims: ClaimsOfToken): string {
  const signed = `${encode({ alg: 'PS256', typ: 'at+jwt', kid })}.${encode(claims)}`;
  const key = { key: signingKeyPem, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SALT_BYTES };
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

/** An unsecured JWT (RFC 7519, section 6): the algorithm is `none` and the signature empty. */
export const unsignedToken = ({ kid }: SharedSetup, claims: ClaimsOfToken): string =>
  `${encode({ alg: 'none', typ: 'at+jwt', kid })}.${encode(claims)}.`;

/** The header and payload of one token with the signature of another: the right key has signed something else. */
export const withSignatureOf = (token: string, other: string): string =>
  token.slice(0, token.lastIndexOf('.')) + other.slice(other.lastIndexOf('.'));

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
