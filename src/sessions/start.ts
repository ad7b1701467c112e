import { randomBytes } from 'node:crypto';
import { type AccessClaims, signAccessToken } from '../jwt/access-token.ts';
import { RedisUnavailable } from '../redis/connection.ts';
import { secondsOf } from '../redis/rate-limiter.ts';
import { Refusal } from '../refusal.ts';
import { isAddressAllowed, readAuthorization } from '../users/authorization.ts';
import { settleRevocation } from '../users/pending-actions.ts';
import type { SessionDeps, SessionOpener, SessionOptions } from './options.ts';
import { accessTokenId, mintRefreshToken } from './refresh-token.ts';
import { runStart, type StartReply } from './start/run.ts';

export type { SessionDeps, SessionOpener, SessionOptions };

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

export type StartReason =
  | 'user_not_active'
  | 'user_changed'
  | 'address_refused'
  | 'login_rate_exceeded'
  | 'proof_replayed'
  | 'too_many_sessions';

const REASON_OF_OUTCOME = {
  inactive: 'user_not_active',
  outdated: 'user_changed',
  replayed: 'proof_replayed',
  too_many: 'too_many_sessions',
} as const;

/** How often the authorization of a user may change during one login. */
const MAX_JUDGEMENTS = 3;

/**
 * Starts a session with the user's authorization at that moment: it is compared in the step that starts the session, so
 * nobody who has been blocked, or may no longer connect from the address, gets one. The token is signed first, then
 * whitelisted, then returned: every token that a client has was whitelisted.
 * @throws {RedisUnavailable} No token is returned then.
 */
export async function startSession(
  deps: SessionDeps,
  opener: SessionOpener,
  nowMs: number,
): Promise<StartedSession | Refusal<StartReason>> {
  let current = opener;
  for (let judgements = 0; judgements <= MAX_JUDGEMENTS; judgements += 1) {
    const claims = claimsOf(deps, current, nowMs);
    const accessToken = await signAccessToken(deps.ring.at(nowMs), claims);
    const session = { claims, ...endOf(deps, current, nowMs) };
    const reply = await runStart(deps, current, session, nowMs);
    if (reply[0] === 'started') return granted(deps, { accessToken, ...session }, reply);
    if (reply[0] === 'surplus')
      return new Refusal('login_rate_exceeded', { retryAfterSeconds: secondsOf(reply[1]) });
    if (reply[0] !== 'judge') return new Refusal(REASON_OF_OUTCOME[reply[0]]);
    const { role, ranges } = readAuthorization(reply[1]);
    if (!isAddressAllowed({ ranges }, opener.address)) return new Refusal('address_refused');
    current = { ...opener, role, ranges };
  }
  throw new RedisUnavailable('the authorization of a user keeps changing');
}

async function granted(
  { redis, refreshKey }: SessionDeps,
  session: Omit<StartedSession, 'refreshToken' | 'evicted'>,
  [, evicted, ids]: Extract<StartReply, ['started', ...unknown[]]>,
): Promise<StartedSession> {
  const { sub, sid } = session.claims;
  await settleRevocation(redis, { userId: sub, ids });
  const refreshToken = mintRefreshToken(refreshKey, { sub, sid, refreshCount: 0 });
  return { ...session, refreshToken, evicted };
}

function claimsOf(deps: SessionDeps, opener: SessionOpener, nowMs: number): AccessClaims {
  const { issuer, audience, accessTokenTtlSeconds } = deps.options;
  const iat = Math.floor(nowMs / 1000);
  const identity = { sub: opener.userId, sid: random128(), refreshCount: 0 };
  return {
    iss: issuer,
    aud: audience,
    sub: identity.sub,
    client_id: opener.clientId,
    sid: identity.sid,
    jti: accessTokenId(deps.refreshKey, identity),
    auth_time: iat,
    iat,
    exp: Math.min(iat + accessTokenTtlSeconds, endOf(deps, opener, nowMs).sessionEndsAt),
    ...(opener.confirmation === undefined ? {} : { cnf: opener.confirmation }),
  };
}

function endOf(
  { options }: SessionDeps,
  opener: SessionOpener,
  nowMs: number,
): Pick<TokenPair, 'sessionEndsAt' | 'remember'> {
  const remember = opener.remember && opener.role === 'user';
  const lifetime = remember ? options.sessionRememberSeconds : options.sessionAbsoluteSeconds;
  return { remember, sessionEndsAt: Math.floor(nowMs / 1000) + lifetime };
}

const random128 = (): string => randomBytes(16).toString('base64url');
