import { type AccessClaims, signAccessToken } from '../jwt/access-token.ts';
import type { RedisLink } from '../redis/connection.ts';
import { activeKey, authzKey, revocationsChannel, sessionKey } from '../redis/keys.ts';
import { runScript } from '../redis/scripts.ts';
import { Refusal } from '../refusal.ts';
import { isAddressAllowed, readAuthorization } from '../users/authorization.ts';
import { mintRefreshToken, type RefreshIdentity, readRefreshToken } from './refresh-token.ts';
import { REFRESH_ARGUMENTS, REFRESH_SESSION, scriptKeys } from './scripts.ts';
import { random128, type SessionDeps, type TokenPair } from './start.ts';

export type RefreshReason = 'refresh_invalid' | 'refresh_over' | 'refresh_reused' | 'address_refused';

/** A refusal that carries the identity of the token, if its MAC was valid. */
export class RefreshRefusal extends Refusal<RefreshReason> {
  readonly about: RefreshIdentity | undefined;

  constructor(reason: RefreshReason, about?: RefreshIdentity, detail?: string) {
    super(reason, detail);
    this.about = about;
  }
}

const REASON_OF_VERDICT: Record<string, RefreshReason> = {
  gone: 'refresh_over',
  unknown: 'refresh_invalid',
  reuse: 'refresh_reused',
};

/**
 * Exchanges a refresh token for the session's next pair (RFC 6749, section 6; RFC 9700, section 4.14.2). Concurrent
 * requests get the same refresh token, and access tokens with the same claims. A token from before the grace window is
 * treated as stolen and replayed: the session ends. Earlier access tokens stay valid until their own `exp`, so that
 * requests in progress are not interrupted; they are revoked with the session. @throws {RedisUnavailable}
 */
export async function refreshSession(
  deps: SessionDeps,
  { token, address }: { token: string; address: string },
  nowMs: number,
): Promise<TokenPair | RefreshRefusal> {
  const identity = readRefreshToken(deps.refreshKey, token);
  if (identity instanceof Refusal) return new RefreshRefusal(identity.reason, undefined, identity.detail);
  if (await isAddressRefused(deps.redis, identity.sub, address))
    return new RefreshRefusal('address_refused', identity);
  const [verdict = '', ...state] = await advance(deps, identity, nowMs);
  const reason = REASON_OF_VERDICT[verdict];
  if (reason !== undefined) return new RefreshRefusal(reason, identity);
  const { refreshCount, claims, ...rest } = readState(deps, identity, state);
  const accessToken = await signAccessToken(deps.ring.at(nowMs), claims);
  const refreshToken = mintRefreshToken(deps.refreshKey, { ...identity, refreshCount });
  return { accessToken, refreshToken, claims, ...rest };
}

/** A user who is not active has no ranges: the script refuses the refresh. */
async function isAddressRefused(redis: RedisLink, sub: string, address: string): Promise<boolean> {
  const authz = await redis.run((client) => client.get(authzKey(sub)));
  return authz !== null && !isAddressAllowed(readAuthorization(authz), address);
}

async function advance(
  { redis, options }: SessionDeps,
  { sub, sid, refreshCount }: RefreshIdentity,
  nowMs: number,
): Promise<string[]> {
  const jti = random128();
  const iat = Math.floor(nowMs / 1000);
  const args = REFRESH_ARGUMENTS.list({
    sid,
    refreshCount,
    nowMs,
    graceMs: options.refreshGraceSeconds * 1000,
    jti,
    iat,
    exp: iat + options.accessTokenTtlSeconds,
    channel: revocationsChannel(),
    user: sub,
  });
  return (await runScript(redis, REFRESH_SESSION, scriptKeys({ sub, sid, jti }), args)) as string[];
}

/** The session's state after the script, whether this request or a concurrent one advanced it. */
function readState(
  { options }: SessionDeps,
  { sub, sid }: RefreshIdentity,
  state: string[],
): Pick<TokenPair, 'claims' | 'sessionEndsAt' | 'remember'> & { refreshCount: number } {
  const [count = '', jti = '', iat = '', exp = '', clientId = '', authTime = '', endsAt = '', remember = ''] =
    state;
  const times = { auth_time: Number(authTime), iat: Number(iat), exp: Number(exp) };
  const ids = { sub, client_id: clientId, sid, jti };
  const claims: AccessClaims = { iss: options.issuer, aud: options.audience, ...ids, ...times };
  const sessionEndsAt = Number(endsAt);
  return { refreshCount: Number(count), claims, sessionEndsAt, remember: remember === '1' };
}

/** What introspection reports of a refresh token that can be used now. Times are in seconds since the epoch. */
interface RefreshTokenStatus {
  clientId: string;
  issuedAt: number;
  /** When the session ends. */
  endsAt: number;
}

const STATUS_FIELDS = ['n', 'gen', 'clientId', 'movedAtMs', 'endsAt'] as const;

/**
 * Reads in one step whether a genuine refresh token is active, and changes nothing. Only the session's current token
 * is: its predecessor is accepted within the grace window but reported as inactive.
 * @throws {RedisUnavailable} also when Redis returns a malformed value.
 */
export async function readRefreshTokenStatus(
  redis: RedisLink,
  { sub, sid, refreshCount }: RefreshIdentity,
): Promise<RefreshTokenStatus | undefined> {
  const [fields, isActive, authz] = await redis.run((client) =>
    client
      .multi()
      .hmGet(sessionKey(sub, sid), [...STATUS_FIELDS])
      .exists(activeKey(sub, sid))
      .get(authzKey(sub))
      .execTyped(),
  );
  const [current, generation, clientId, movedAtMs, endsAt] = fields;
  if (isActive === 0 || authz === null || !clientId) return undefined;
  if (current !== String(refreshCount) || generation !== String(readAuthorization(authz).generation))
    return undefined;
  return { clientId, issuedAt: Math.floor(Number(movedAtMs) / 1000), endsAt: Number(endsAt) };
}
