import { createHash } from 'node:crypto';
import { z } from 'zod';
import { networkOf } from '../http/addresses.ts';
import { type AccessClaims, signAccessToken } from '../jwt/access-token.ts';
import { authzKey } from '../redis/keys.ts';
import { runRevocation } from '../redis/revocations/script.ts';
import { checkReply } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';
import { isAddressAllowed, readAuthorization } from '../users/authorization.ts';
import { settleRevocation } from '../users/pending-actions.ts';
import { REFRESH_ARGUMENTS, REFRESH_SESSION, refreshKeys } from './refresh-script.ts';
import { mintRefreshToken, type RefreshIdentity, readRefreshToken } from './refresh-token.ts';
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
};

/** A refresh token, and where it comes from. */
export interface RefreshRequest {
  token: string;
  address: string;
  /** The `User-Agent` header. */
  userAgent: string | undefined;
  /** From the user agent, for people to recognize the session. */
  device: string;
}

/** The next pair of a session. */
export interface RefreshedPair extends TokenPair {
  /** If a concurrent request had already used the refresh token, the address that it came from. */
  crossedWith: string | undefined;
}

/**
 * Exchanges a refresh token for the session's next pair (RFC 6749, section 6; RFC 9700, section 4.14.2). Concurrent
 * requests of one client, which share a network and a user agent, get the same refresh token, and access tokens with
 * the same claims. A token that another client has used, or one from before the grace window, is treated as stolen and
 * replayed: the session ends. Earlier access tokens stay valid until their own `exp`, so that requests in progress are
 * not interrupted; they are revoked with the session. @throws {RedisUnavailable}
 */
export async function refreshSession(
  deps: SessionDeps,
  request: RefreshRequest,
  nowMs: number,
): Promise<RefreshedPair | RefreshRefusal> {
  const identity = readRefreshToken(deps.refreshKey, request.token);
  if (identity instanceof Refusal) return new RefreshRefusal(identity.reason, undefined, identity.detail);
  if (await isAddressRefused(deps.redis, identity.sub, request.address))
    return new RefreshRefusal('address_refused', identity);
  const [verdict, ...state] = await advance(deps, identity, request, nowMs);
  if (verdict === 'reuse') return refuseReuse(deps.redis, identity, state);
  const reason = REASON_OF_VERDICT[verdict];
  if (reason !== undefined) return new RefreshRefusal(reason, identity);
  const { refreshCount, claims, address, ...rest } = readState(deps, identity, state as string[]);
  const accessToken = await signAccessToken(deps.ring.at(nowMs), claims);
  const refreshToken = mintRefreshToken(deps.refreshKey, { ...identity, refreshCount });
  const crossedWith = verdict === 'again' ? address : undefined;
  return { accessToken, refreshToken, claims, crossedWith, ...rest };
}

/** The script has ended the session. */
async function refuseReuse(
  redis: RedisStore,
  identity: RefreshIdentity,
  [address, ids]: unknown[],
): Promise<RefreshRefusal> {
  await settleRevocation(redis, { userId: identity.sub, ids: ids as string[] });
  return new RefreshRefusal('refresh_reused', identity, `last refresh from ${address}`);
}

/** A user who is not active has no ranges: the script refuses the refresh. */
async function isAddressRefused(redis: RedisStore, sub: string, address: string): Promise<boolean> {
  const authz = await redis.runFor(authzKey(sub), (client) => client.get(authzKey(sub)));
  return authz !== null && !isAddressAllowed(readAuthorization(authz), address);
}

const field = z.string();
/** As `REFRESH_SESSION` returns it. */
const refreshReply = z.union([
  z.tuple([z.enum(['gone', 'unknown'])]),
  z.tuple([z.literal('reuse'), field.nullable(), z.array(z.string())]),
  z.tuple([
    z.enum(['advanced', 'again']),
    ...[field, field, field, field, field, field, field, field],
    field.nullable(),
  ]),
]);

async function advance(
  { redis, options }: SessionDeps,
  { sub, sid, refreshCount }: RefreshIdentity,
  { address, device, userAgent }: RefreshRequest,
  nowMs: number,
): Promise<[verdict: string, ...unknown[]]> {
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
    user: sub,
    address,
    device,
    client: clientOf(address, userAgent),
  });
  const reply = await runRevocation(redis, REFRESH_SESSION, refreshKeys({ sub, sid, jti }), args);
  return checkReply(refreshReply, reply);
}

/** Equal for requests from one network with one user agent. A user agent may have any length, so it is hashed. */
const clientOf = (address: string, userAgent = ''): string =>
  createHash('sha256')
    .update(JSON.stringify([networkOf(address), userAgent]))
    .digest('base64url');

/** The session's state after the script, whether this request or a concurrent one advanced it. */
function readState(
  { options }: SessionDeps,
  { sub, sid }: RefreshIdentity,
  state: string[],
): Pick<TokenPair, 'claims' | 'sessionEndsAt' | 'remember'> & { refreshCount: number; address: string } {
  const [
    count = '',
    jti = '',
    iat = '',
    exp = '',
    clientId = '',
    authTime = '',
    endsAt = '',
    remember,
    address = '',
  ] = state;
  const times = { auth_time: Number(authTime), iat: Number(iat), exp: Number(exp) };
  const ids = { sub, client_id: clientId, sid, jti };
  const claims: AccessClaims = { iss: options.issuer, aud: options.audience, ...ids, ...times };
  const sessionEndsAt = Number(endsAt);
  return { refreshCount: Number(count), claims, sessionEndsAt, remember: remember === '1', address };
}
