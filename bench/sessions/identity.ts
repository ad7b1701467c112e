import { createHash } from 'node:crypto';
import type { AccessClaims } from '../../src/jwt/access-token.ts';
import type { TokenIdentity } from '../../src/sessions/whitelist.ts';
import { clientKey } from './client-key.ts';

/** What all access tokens of one cache have in common. Times are in seconds since the epoch. */
export interface TokenBatch {
  readonly kid: string;
  readonly issuer: string;
  readonly audience: string;
  readonly iat: number;
  readonly exp: number;
}

/** The client of all sessions. */
export const CLIENT_ID = 'portcullis-web';
const ID_BYTES = 16;

/**
 * User, session and token number `n`. Each session has a user of its own. The ids are digests of the number, so that
 * tokens and the content of Redis can be made independently of each other, and again in another run.
 */
export function sessionIdentity(n: number): TokenIdentity {
  const digest = createHash('sha512').update(`session ${n}`).digest();
  const id = (part: number): string => digest.toString('base64url', part * ID_BYTES, (part + 1) * ID_BYTES);
  return { sub: id(0), sid: id(1), jti: id(2) };
}

/** The number of the first session that is bound to a key. Those that are not bound have lower ones. */
const FIRST_BOUND = 1_000_000_000;

/** User, session and token number `n` of those that are bound to a key. */
export const boundIdentity = (n: number): TokenIdentity => sessionIdentity(FIRST_BOUND + n);

/** The claims of access token number `n`. All tokens of a batch have the same length. */
export const sessionClaims = (batch: TokenBatch, n: number): AccessClaims => {
  return claimsOf(batch, sessionIdentity(n));
};

/** The same for a session that is bound to key number `n`. */
export const boundClaims = (batch: TokenBatch, n: number): AccessClaims => ({
  ...claimsOf(batch, boundIdentity(n)),
  cnf: { jkt: clientKey(n).jkt },
});

const claimsOf = (batch: TokenBatch, { sub, sid, jti }: TokenIdentity): AccessClaims => {
  const { issuer: iss, audience: aud, iat, exp } = batch;
  return { iss, aud, sub, client_id: CLIENT_ID, sid, jti, auth_time: iat, iat, exp };
};
