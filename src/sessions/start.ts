import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type AccessClaims, signAccessToken } from '../jwt/access-token.ts';
import type { RingSource } from '../keys/ring.ts';
import { sessionDataKey, sessionKey } from '../redis/keys.ts';
import { runRevocation } from '../redis/revocations/script.ts';
import { checkReply } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';
import { settleRevocation } from '../users/pending-actions.ts';
import type { Role } from '../users/roles.ts';
import { accessTokenId, mintRefreshToken } from './refresh-token.ts';
import { START_ARGUMENTS, START_SESSION, startKeys } from './start-script.ts';

/** The lifetimes of sessions and tokens, and the number of sessions per user. */
export interface SessionOptions {
  issuer: string;
  audience: string;
  accessTokenTtlSeconds: number;
  /** A session ends after this time without user activity (PSD2 RTS, article 4(3)(d), requires 5 minutes). */
  sessionIdleSeconds: number;
  /** The absolute lifetime of a session. */
  sessionAbsoluteSeconds: number;
  /** The absolute lifetime of a session that was started with `remember`. */
  sessionRememberSeconds: number;
  /** How long a rotated refresh token is still accepted, for concurrent requests. */
  refreshGraceSeconds: number;
  sessionsPerUserMax: number;
  sessionsPerUserPolicy: 'evict-oldest' | 'refuse';
}

export interface SessionDeps {
  redis: RedisStore;
  ring: RingSource;
  refreshKey: Uint8Array;
  options: SessionOptions;
}

/** An authenticated user, and the client and device that they use. */
export interface SessionOpener {
  userId: string;
  role: Role;
  /** The user's generation when the password was verified. No session starts if all sessions were ended since. */
  verifiedGeneration: number;
  clientId: string;
  /** From the user agent, for people to recognize the session. */
  device: string;
  address: string;
  /** Whether a long session was requested. Only the role `user` gets one. */
  remember: boolean;
}

/** An access token, its refresh token, and what both contain. */
export interface TokenPair {
  accessToken: string;
  refreshToken: string;
  claims: AccessClaims;
  /** Seconds since the epoch. */
  sessionEndsAt: number;
  remember: boolean;
}

export interface StartedSession extends TokenPair {
  /** Ids of the sessions that were ended because the user had too many. */
  evicted: string[];
}

export type StartReason = 'user_not_active' | 'user_changed' | 'too_many_sessions';

const REASON_OF_OUTCOME: Record<string, StartReason> = {
  inactive: 'user_not_active',
  outdated: 'user_changed',
  too_many: 'too_many_sessions',
};

/**
 * Starts a session. The token is signed first, then whitelisted, then returned: every token that a client has was
 * whitelisted. @throws {RedisUnavailable} No token is returned then.
 */
export async function startSession(
  deps: SessionDeps,
  opener: SessionOpener,
  nowMs: number,
): Promise<StartedSession | Refusal<StartReason>> {
  const { options, ring, refreshKey } = deps;
  const iat = Math.floor(nowMs / 1000);
  const remember = opener.remember && opener.role === 'user';
  const sessionEndsAt = iat + (remember ? options.sessionRememberSeconds : options.sessionAbsoluteSeconds);
  const identity = { sub: opener.userId, sid: random128(), refreshCount: 0 };
  const claims: AccessClaims = {
    iss: options.issuer,
    aud: options.audience,
    sub: identity.sub,
    client_id: opener.clientId,
    sid: identity.sid,
    jti: accessTokenId(refreshKey, identity),
    auth_time: iat,
    iat,
    exp: Math.min(iat + options.accessTokenTtlSeconds, sessionEndsAt),
  };
  const accessToken = await signAccessToken(ring.at(nowMs), claims);
  const session = { claims, sessionEndsAt, remember };
  const [outcome, evicted = [], ids = []] = await writeSession(deps, opener, session, nowMs);
  const reason = REASON_OF_OUTCOME[outcome];
  if (reason !== undefined) return new Refusal(reason);
  await settleRevocation(deps.redis, { userId: claims.sub, ids });
  const refreshToken = mintRefreshToken(refreshKey, identity);
  return { accessToken, refreshToken, ...session, evicted };
}

const ids = z.array(z.string());
const startReply = z.tuple([
  z.enum(['inactive', 'outdated', 'too_many', 'started']),
  ids.optional(),
  ids.optional(),
]);
type StartReply = z.output<typeof startReply>;

async function writeSession(
  { redis, options }: SessionDeps,
  opener: SessionOpener,
  { claims, sessionEndsAt, remember }: Pick<TokenPair, 'claims' | 'sessionEndsAt' | 'remember'>,
  nowMs: number,
): Promise<StartReply> {
  const { sub, sid, iat, exp } = claims;
  const { clientId, device, address, verifiedGeneration } = opener;
  const args = START_ARGUMENTS.list({
    sid,
    nowMs,
    iat,
    exp,
    endsAt: sessionEndsAt,
    idleMs: Math.min(options.sessionIdleSeconds * 1000, sessionEndsAt * 1000 - nowMs),
    maxSessions: options.sessionsPerUserMax,
    policy: options.sessionsPerUserPolicy,
    sessionPrefix: sessionKey(sub, ''),
    dataPrefix: sessionDataKey(sub, ''),
    user: sub,
    clientId,
    device,
    address,
    remember: remember ? '1' : '0',
    verifiedGeneration,
  });
  return checkReply(startReply, await runRevocation(redis, START_SESSION, startKeys(claims), args));
}

const random128 = (): string => randomBytes(16).toString('base64url');
