import { randomBytes } from 'node:crypto';
import { type AccessClaims, signAccessToken } from '../jwt/access-token.ts';
import type { RingSource } from '../keys/ring.ts';
import type { RedisLink } from '../redis/connection.ts';
import {
  activeKey,
  authzKey,
  revocationsChannel,
  sessionKey,
  sessionsKey,
  whitelistKey,
} from '../redis/keys.ts';
import { runScript } from '../redis/scripts.ts';
import { Refusal } from '../refusal.ts';
import type { Role } from '../users/roles.ts';
import { mayBeRemembered, type SessionOptions } from './options.ts';
import { mintRefreshToken } from './refresh-token.ts';
import { START_SESSION } from './scripts.ts';

/** What signs and whitelists: the keys, the rules and the store. */
export interface SessionDeps {
  redis: RedisLink;
  ring: RingSource;
  refreshKey: Uint8Array;
  options: SessionOptions;
}

/** Who has just proved who they are, and with what. */
export interface SessionOpener {
  userId: string;
  role: Role;
  /** The user's generation when the password was compared: whatever ends all sessions refuses this one as well. */
  gen: number;
  clientId: string;
  /** As told by the user agent, for people to recognise it. */
  device: string;
  address: string;
  /** Whether they asked to stay logged in for long; whether they may is decided here. */
  remember: boolean;
}

/** An access token, the refresh token that belongs to it, and what both are about. */
export interface TokenPair {
  accessToken: string;
  refreshToken: string;
  claims: AccessClaims;
  /** Seconds since the epoch. */
  sessionEndsAt: number;
  remember: boolean;
}

export interface StartedSession extends TokenPair {
  /** Sessions that had to go because the user has no more than the most. */
  evicted: string[];
}

export type StartReason = 'user_not_active' | 'user_changed' | 'too_many_sessions';

/**
 * Starts a session: sign, then whitelist, then answer, so that a token that a client holds is always one that
 * Redis holds.
 * @throws {RedisUnavailable} and then no token is given out.
 */
export async function startSession(
  { redis, ring, refreshKey, options }: SessionDeps,
  opener: SessionOpener,
  nowMs: number,
): Promise<StartedSession | Refusal<StartReason>> {
  const iat = Math.floor(nowMs / 1000);
  const remember = opener.remember && mayBeRemembered(opener.role);
  const sessionEndsAt = iat + (remember ? options.sessionRememberSeconds : options.sessionAbsoluteSeconds);
  const claims: AccessClaims = {
    iss: options.issuer,
    aud: options.audience,
    sub: opener.userId,
    client_id: opener.clientId,
    sid: random128(),
    jti: random128(),
    auth_time: iat,
    iat,
    exp: Math.min(iat + options.accessTokenTtlSeconds, sessionEndsAt),
  };
  const accessToken = await signAccessToken(ring.at(nowMs), claims);
  const [outcome, ...evicted] = await record(
    redis,
    options,
    { ...opener, remember },
    claims,
    sessionEndsAt,
    nowMs,
  );
  if (outcome === 'inactive') return new Refusal('user_not_active');
  if (outcome === 'outdated') return new Refusal('user_changed');
  if (outcome === 'too_many') return new Refusal('too_many_sessions');
  const refreshToken = mintRefreshToken(refreshKey, { sub: claims.sub, sid: claims.sid, n: 0 });
  return { accessToken, refreshToken, claims, sessionEndsAt, remember, evicted };
}

async function record(
  redis: RedisLink,
  options: SessionOptions,
  opener: SessionOpener,
  { sub, sid, jti, iat, exp }: AccessClaims,
  endsAt: number,
  nowMs: number,
): Promise<string[]> {
  const keys = [
    authzKey(sub),
    sessionsKey(sub),
    sessionKey(sub, sid),
    activeKey(sub, sid),
    whitelistKey(sub, jti),
  ];
  const idleMs = Math.min(options.sessionIdleSeconds * 1000, endsAt * 1000 - nowMs);
  const most = [options.sessionsPerUserMax, options.sessionsPerUserPolicy];
  const others = [sessionKey(sub, ''), activeKey(sub, ''), revocationsChannel(), sub];
  const about = [opener.clientId, opener.device, opener.address, opener.remember ? '1' : '0', opener.gen];
  const args = [sid, jti, nowMs, iat, exp, endsAt, idleMs, ...most, ...others, ...about];
  return (await runScript(redis, START_SESSION, keys, args.map(String))) as string[];
}

export const random128 = (): string => randomBytes(16).toString('base64url');
