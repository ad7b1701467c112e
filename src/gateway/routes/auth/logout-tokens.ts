import type { AccessTokenVerifier, TokenReason } from '../../../jwt/access-token.ts';
import type { VerifiedProof } from '../../../jwt/dpop/proof.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import { readSessionBinding } from '../../../sessions/lifetime.ts';
import { isBindingProven } from '../../../sessions/proven-binding.ts';
import { readRefreshToken } from '../../../sessions/refresh-token.ts';
import {
  type Credential,
  type CredentialReason,
  cookieValues,
  isFromSite,
  takeCredential,
} from '../../pipeline/credential.ts';
import {
  checkPossession,
  type PossessionDeps,
  type PossessionReason,
  presentedCertificate,
  takeProof,
} from '../../pipeline/possession.ts';
import type { RequestContext } from '../../request-context.ts';
import type { Site } from '../../site.ts';

/**
 * A session that the holder of one of its tokens may end. `jti` is that of an access token, and `proof` has to be used up
 * before.
 */
export interface RevocableSession {
  sub: string;
  sid: string;
  jti?: string;
  proof?: VerifiedProof | undefined;
}

export type LogoutReason = CredentialReason | TokenReason | PossessionReason | 'refresh_invalid';

export interface TokenDeps {
  redis: RedisStore;
  site: Site;
  possession: PossessionDeps;
  /** Also accepts expired tokens: whoever has one may end its session. */
  verifyRevocable: AccessTokenVerifier;
  refreshKey: Uint8Array;
}

/**
 * The sessions of the genuine tokens that a request presents: an access token, a refresh token, or both, as browsers
 * send their cookies. One that is not genuine, or whose key the client does not hold, does not matter if the other is.
 * @throws {RedisUnavailable}
 */
export async function takeSessions(
  deps: TokenDeps,
  context: RequestContext,
  bodyToken: string | undefined,
): Promise<RevocableSession[] | Refusal<LogoutReason>> {
  const { incoming } = context;
  const credential = takeCredential(incoming, deps.site);
  if (credential instanceof Refusal && credential.reason !== 'credential_missing') return credential;
  const cookies = cookieValues(incoming, deps.site.refreshCookieName);
  if (cookies.length > 0 && !isFromSite(incoming, deps.site)) return new Refusal('csrf');
  const [refreshToken, ...more] = [...cookies, ...(bodyToken === undefined ? [] : [bodyToken])];
  if (more.length > 0) return new Refusal('credential_twice');

  const byAccess = credential instanceof Refusal ? credential : sessionOfAccess(deps, context, credential);
  const byRefresh =
    refreshToken === undefined ? undefined : await sessionOfRefresh(deps, context, refreshToken, byAccess);
  return genuine(byAccess, byRefresh);
}

function sessionOfAccess(
  { possession, verifyRevocable }: TokenDeps,
  context: RequestContext,
  credential: Credential,
): RevocableSession | Refusal<LogoutReason> {
  const claims = verifyRevocable(credential.token, context.nowMs);
  if (claims instanceof Refusal) return claims;
  const proof = checkPossession(possession, context, credential, claims.cnf);
  const { sub, sid, jti } = claims;
  return proof instanceof Refusal ? proof : { sub, sid, jti, proof };
}

/** A session that has ended is bound to nothing: there is nothing left to protect. */
async function sessionOfRefresh(
  { redis, possession, refreshKey }: TokenDeps,
  context: RequestContext,
  token: string,
  byAccess: RevocableSession | Refusal<LogoutReason>,
): Promise<RevocableSession | Refusal<LogoutReason>> {
  const identity = readRefreshToken(refreshKey, token);
  if (identity instanceof Refusal) return identity;
  const { sub, sid } = identity;
  if (!(byAccess instanceof Refusal) && byAccess.sid === sid) return byAccess;
  const proof = takeProof(possession, context);
  if (proof instanceof Refusal) return proof;
  const certificate = presentedCertificate(possession, context.incoming);
  const binding = await readSessionBinding(redis, sub, sid);
  if (binding !== undefined && !isBindingProven(binding, { key: proof && { jkt: proof.jkt }, certificate }))
    return new Refusal('binding_wrong', 'refresh token');
  return { sub, sid, proof };
}

function genuine(
  byAccess: RevocableSession | Refusal<LogoutReason>,
  byRefresh: RevocableSession | Refusal<LogoutReason> | undefined,
): RevocableSession[] | Refusal<LogoutReason> {
  const sessions: RevocableSession[] = [];
  if (!(byAccess instanceof Refusal)) sessions.push(byAccess);
  if (byRefresh !== undefined && !(byRefresh instanceof Refusal) && sessions[0]?.sid !== byRefresh.sid)
    sessions.push(byRefresh);
  if (sessions.length > 0) return sessions;
  const isRefreshTokenAlone = byAccess instanceof Refusal && byAccess.reason === 'credential_missing';
  return isRefreshTokenAlone && byRefresh instanceof Refusal
    ? byRefresh
    : (byAccess as Refusal<LogoutReason>);
}
