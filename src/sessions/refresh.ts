import { type AccessClaims, signAccessToken } from '../jwt/access-token.ts';
import { confirmationOf } from '../jwt/confirmation.ts';
import { RedisUnavailable } from '../redis/connection.ts';
import { readSession } from '../redis/session-record.ts';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';
import { settleRevocation } from '../users/pending-actions.ts';
import { advance, type RefreshReply, type RefreshRequest } from './refresh/run.ts';
import { accessTokenId, mintRefreshToken, type RefreshIdentity, readRefreshToken } from './refresh-token.ts';
import type { SessionDeps, TokenPair } from './start.ts';

export type { RefreshRequest };

export type RefreshReason =
  | 'refresh_invalid'
  | 'refresh_over'
  | 'refresh_reused'
  | 'address_refused'
  | 'client_not_of_session'
  | 'binding_wrong'
  | 'binding_required'
  | 'proof_replayed';

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
  client: 'client_not_of_session',
  binding: 'binding_wrong',
  unbound: 'binding_required',
  replayed: 'proof_replayed',
} as const;

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

/** The session's state after the script, whether this request or a concurrent one advanced it. */
function readState(
  { refreshKey, options: { issuer: iss, audience: aud } }: SessionDeps,
  { sub, sid }: RefreshIdentity,
  text: string,
): Pick<TokenPair, 'claims' | 'sessionEndsAt' | 'remember'> & { refreshCount: number; address: string } {
  const session = readSession(text);
  if (session === undefined) throw new RedisUnavailable('a session in Redis is malformed');
  const { refreshCount, createdMs, iat, exp, clientId: client_id, address, remember, binding } = session;
  const jti = accessTokenId(refreshKey, { sub, sid, refreshCount });
  const times = { auth_time: Math.floor(createdMs / 1000), iat, exp };
  const cnf = confirmationOf(binding);
  const bound = cnf === undefined ? {} : { cnf };
  const claims: AccessClaims = { iss, aud, sub, client_id, sid, jti, ...times, ...bound };
  return { refreshCount, claims, sessionEndsAt: session.endsAt, remember, address };
}
