import { randomBytes } from 'node:crypto';
import type { RedisLink } from '../redis/connect.ts';
import { type AccessClaims, signAccessToken } from '../token/access-token.ts';
import type { KeyRing } from '../token/key-ring.ts';
import { whitelistToken } from '../token/whitelist.ts';

export interface SessionTerms {
  issuer: string;
  audience: string;
  accessTokenTtlSeconds: number;
}

export interface StartedSession {
  accessToken: string;
  claims: AccessClaims;
}

/**
 * Starts a session for a user who has just proved who they are: sign, then whitelist, then answer, so that a
 * token that a client holds is always one that Redis holds.
 * @throws {RedisUnavailable} and then no token is given out.
 */
export async function startSession(
  redis: RedisLink,
  ring: KeyRing,
  terms: SessionTerms,
  user: { id: string; clientId: string },
  nowMs: number,
): Promise<StartedSession> {
  const iat = Math.floor(nowMs / 1000);
  const claims: AccessClaims = {
    iss: terms.issuer,
    aud: terms.audience,
    sub: user.id,
    client_id: user.clientId,
    sid: random128(),
    jti: random128(),
    auth_time: iat,
    iat,
    exp: iat + terms.accessTokenTtlSeconds,
  };
  const accessToken = await signAccessToken(ring, claims);
  await whitelistToken(redis, claims);
  return { accessToken, claims };
}

const random128 = (): string => randomBytes(16).toString('base64url');
