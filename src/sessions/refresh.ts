import { createHash } from 'node:crypto';
import { z } from 'zod';
import { networkOf } from '../http/addresses.ts';
import { type AccessClaims, signAccessToken } from '../jwt/access-token.ts';
import { RedisUnavailable } from '../redis/connection.ts';
import { runRevocation } from '../redis/revocations/script.ts';
import { checkReply } from '../redis/scripts.ts';
import { readSession } from '../redis/session-record.ts';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';
import { isAddressAllowed, readAuthorization } from '../users/authorization.ts';
import { settleRevocation } from '../users/pending-actions.ts';
import { REFRESH_ARGUMENTS, REFRESH_SESSION, refreshKeys } from './refresh-script.ts';
import { accessTokenId, mintRefreshToken, type RefreshIdentity, readRefreshToken } from './refresh-token.ts';
import type { SessionDeps, TokenPair } from './start.ts';

export type RefreshReason = 'refresh_invalid' | 'refresh_over' | 'refresh_reused' | 'address_refused';

/** A refusal that carries the identity of the token, if its MAC was valid. */
export class RefreshRefusal extends Refusal<RefreshReason> {
  readonly about: RefreshIdentity | undefined;

  constructor(reason: RefreshReason, about?: RefreshIdentity, detail?: string) {
    super(reason, detail);
    this.about = about;
  }
}

const REASON_OF_VERDICT = {
  gone: 'refresh_over',
  unknown: 'refresh_invalid',
  judge: 'address_refused',
} as const;

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
  const reply = await advance(deps, identity, request, nowMs);
  if (reply[0] === 'reuse') return refuseReuse(deps.redis, identity, reply);
  if (reply[0] !== 'advanced' && reply[0] !== 'again')
    return new RefreshRefusal(REASON_OF_VERDICT[reply[0]], identity);
  const [verdict, text] = reply;
  const { refreshCount, claims, address, ...rest } = readState(deps, identity, text);
  const accessToken = await signAccessToken(deps.ring.at(nowMs), claims);
  const refreshToken = mintRefreshToken(deps.refreshKey, { ...identity, refreshCount });
  const crossedWith = verdict === 'again' ? address : undefined;
  return { accessToken, refreshToken, claims, crossedWith, ...rest };
}

/** The script has ended the session. */
async function refuseReuse(
  redis: RedisStore,
  identity: RefreshIdentity,
  [, address, ids]: Extract<RefreshReply, ['reuse', ...unknown[]]>,
): Promise<RefreshRefusal> {
  await settleRevocation(redis, { userId: identity.sub, ids });
  return new RefreshRefusal('refresh_reused', identity, `last refresh from ${address}`);
}

/** As `REFRESH_SESSION` returns it. */
const refreshReply = z.union([
  z.tuple([z.enum(['gone', 'unknown'])]),
  z.tuple([z.literal('judge'), z.string()]),
  z.tuple([z.literal('reuse'), z.string(), z.array(z.string())]),
  z.tuple([z.enum(['advanced', 'again']), z.string()]),
]);
type RefreshReply = z.output<typeof refreshReply>;

/** How often the address ranges of a user may change during one refresh. */
const MAX_JUDGEMENTS = 3;

/**
 * Runs the script, and again for a user with address ranges once they have been judged. `judge` means that they do not
 * allow the address.
 */
async function advance(
  deps: SessionDeps,
  identity: RefreshIdentity,
  request: RefreshRequest,
  nowMs: number,
): Promise<RefreshReply> {
  let judged = '';
  for (let judgements = 0; judgements <= MAX_JUDGEMENTS; judgements += 1) {
    const reply = await runRefresh(deps, identity, { ...request, judged }, nowMs);
    if (reply[0] !== 'judge') return reply;
    judged = reply[1];
    if (!isAddressAllowed(readAuthorization(judged), request.address)) return reply;
  }
  throw new RedisUnavailable('the address ranges of a user keep changing');
}

async function runRefresh(
  { redis, refreshKey, options }: SessionDeps,
  { sub, sid, refreshCount }: RefreshIdentity,
  { address, device, userAgent, judged }: RefreshRequest & { judged: string },
  nowMs: number,
): Promise<RefreshReply> {
  const jti = accessTokenId(refreshKey, { sub, sid, refreshCount: refreshCount + 1 });
  const iat = Math.floor(nowMs / 1000);
  const args = REFRESH_ARGUMENTS.list({
    sid,
    refreshCount,
    nowMs,
    graceMs: options.refreshGraceSeconds * 1000,
    iat,
    exp: iat + options.accessTokenTtlSeconds,
    user: sub,
    address,
    device,
    client: clientOf(address, userAgent),
    judged,
  });
  const reply = await runRevocation(redis, REFRESH_SESSION, refreshKeys({ sub, sid, jti }), args);
  return checkReply(refreshReply, reply);
}

/** The bytes that are kept of a client's digest. Nobody finds another client with the same 96 bits. */
const CLIENT_DIGEST_BYTES = 12;

/** Equal for requests from one network with one user agent. A user agent may have any length, so it is hashed. */
const clientOf = (address: string, userAgent = ''): string =>
  createHash('sha256')
    .update(JSON.stringify([networkOf(address), userAgent]))
    .digest()
    .subarray(0, CLIENT_DIGEST_BYTES)
    .toString('base64url');

/** The session's state after the script, whether this request or a concurrent one advanced it. */
function readState(
  { refreshKey, options: { issuer: iss, audience: aud } }: SessionDeps,
  { sub, sid }: RefreshIdentity,
  text: string,
): Pick<TokenPair, 'claims' | 'sessionEndsAt' | 'remember'> & { refreshCount: number; address: string } {
  const session = readSession(text);
  if (session === undefined) throw new RedisUnavailable('a session in Redis is malformed');
  const { refreshCount, createdMs, iat, exp, clientId: client_id, address, remember } = session;
  const jti = accessTokenId(refreshKey, { sub, sid, refreshCount });
  const times = { auth_time: Math.floor(createdMs / 1000), iat, exp };
  const claims: AccessClaims = { iss, aud, sub, client_id, sid, jti, ...times };
  return { refreshCount, claims, sessionEndsAt: session.endsAt, remember, address };
}
