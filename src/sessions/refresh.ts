import { type AccessClaims, signAccessToken } from '../jwt/access-token.ts';
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
import { authorizationFrom } from './address.ts';
import { mintRefreshToken, type RefreshIdentity, readRefreshToken } from './refresh-token.ts';
import { REFRESH_SESSION } from './scripts.ts';
import { random128, type SessionDeps, type TokenPair } from './start.ts';

export type RefreshReason = 'refresh_invalid' | 'refresh_over' | 'refresh_reused' | 'address_refused';

/** A refusal that tells whose session it was about, once the token has proved that. */
export class RefreshRefusal extends Refusal<RefreshReason> {
  readonly about: RefreshIdentity | undefined;

  constructor(reason: RefreshReason, about?: RefreshIdentity, detail?: string) {
    super(reason, detail);
    this.about = about;
  }
}

/** What the script answers of the state that is current after it. */
interface CurrentState {
  n: number;
  claims: AccessClaims;
  sessionEndsAt: number;
  remember: boolean;
}

const REASON_OF_VERDICT: Record<string, RefreshReason> = {
  gone: 'refresh_over',
  unknown: 'refresh_invalid',
  reuse: 'refresh_reused',
};

/**
 * Exchanges a refresh token for the session's next pair (RFC 6749, section 6; RFC 9700, section 4.14.2). Requests
 * that cross get the same successor: the same refresh token, and access tokens with the same claims. A token
 * from before the grace window is a stolen one replayed, and the whole session ends. Access tokens from before go
 * on until their own `exp`, so that requests under way are not cut off; they end with the session.
 * @throws {RedisUnavailable}
 */
export async function refreshSession(
  deps: SessionDeps,
  { token, address }: { token: string; address: string },
  nowMs: number,
): Promise<TokenPair | RefreshRefusal> {
  const identity = readRefreshToken(deps.refreshKey, token);
  if (identity instanceof Refusal) return new RefreshRefusal(identity.reason, undefined, identity.detail);
  const authorization = await authorizationFrom(deps.redis, identity.sub, address);
  if (authorization === 'address_refused') return new RefreshRefusal(authorization, identity);
  const [verdict = '', ...state] = await advance(deps, identity, nowMs);
  const reason = REASON_OF_VERDICT[verdict];
  if (reason !== undefined) return new RefreshRefusal(reason, identity);
  const { n, claims, ...rest } = readState(deps, identity, state);
  const accessToken = await signAccessToken(deps.ring.at(nowMs), claims);
  const refreshToken = mintRefreshToken(deps.refreshKey, { sub: identity.sub, sid: identity.sid, n });
  return { accessToken, refreshToken, claims, ...rest };
}

async function advance(
  { redis, options }: SessionDeps,
  { sub, sid, n }: RefreshIdentity,
  nowMs: number,
): Promise<string[]> {
  const jti = random128();
  const iat = Math.floor(nowMs / 1000);
  const keys = [
    authzKey(sub),
    sessionsKey(sub),
    sessionKey(sub, sid),
    activeKey(sub, sid),
    whitelistKey(sub, jti),
  ];
  const times = [nowMs, options.refreshGraceSeconds * 1000, jti, iat, iat + options.accessTokenTtlSeconds];
  const args = [sid, n, ...times, revocationsChannel(), sub];
  return (await runScript(redis, REFRESH_SESSION, keys, args.map(String))) as string[];
}

function readState({ options }: SessionDeps, { sub, sid }: RefreshIdentity, state: string[]): CurrentState {
  const [n = '', jti = '', iat = '', exp = '', clientId = '', authTime = '', endsAt = '', remember = ''] =
    state;
  const times = { auth_time: Number(authTime), iat: Number(iat), exp: Number(exp) };
  const claims = { iss: options.issuer, aud: options.audience, sub, client_id: clientId, sid, jti, ...times };
  return { n: Number(n), claims, sessionEndsAt: Number(endsAt), remember: remember === '1' };
}
