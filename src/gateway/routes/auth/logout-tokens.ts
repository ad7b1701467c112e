import type { AccessTokenVerifier, TokenReason } from '../../../jwt/access-token.ts';
import { Refusal } from '../../../refusal.ts';
import { type RefreshIdentity, readRefreshToken } from '../../../sessions/refresh-token.ts';
import type { TokenIdentity } from '../../../sessions/whitelist.ts';
import {
  type CredentialReason,
  cookieValues,
  isFromSite,
  takeCredential,
} from '../../pipeline/credential.ts';
import type { RequestContext } from '../../request-context.ts';
import type { Site } from '../../site.ts';

/** A session that the holder of one of its tokens may end. `jti` is that of an access token. */
export type RevocableSession = Pick<RefreshIdentity, 'sub' | 'sid'> & Partial<Pick<TokenIdentity, 'jti'>>;

type LogoutReason = CredentialReason | TokenReason | 'refresh_invalid';

interface TokenDeps {
  site: Site;
  verifyRevocable: AccessTokenVerifier;
  refreshKey: Uint8Array;
}

/**
 * The sessions of the genuine tokens that a request presents: an access token, a refresh token, or both, as browsers
 * send their cookies. One that is not genuine does not matter if the other is.
 */
export async function takeSessions(
  { site, verifyRevocable, refreshKey }: TokenDeps,
  { incoming, nowMs }: RequestContext,
  bodyToken: string | undefined,
): Promise<RevocableSession[] | Refusal<LogoutReason>> {
  const accessToken = takeCredential(incoming, site);
  if (accessToken instanceof Refusal && accessToken.reason !== 'credential_missing') return accessToken;
  const cookies = cookieValues(incoming, site.refreshCookieName);
  if (cookies.length > 0 && !isFromSite(incoming, site)) return new Refusal('csrf');
  const [refreshToken, ...more] = [...cookies, ...(bodyToken === undefined ? [] : [bodyToken])];
  if (more.length > 0) return new Refusal('credential_twice');

  const byAccess = accessToken instanceof Refusal ? accessToken : verifyRevocable(accessToken, nowMs);
  const byRefresh = refreshToken === undefined ? undefined : readRefreshToken(refreshKey, refreshToken);
  return genuine(byAccess, byRefresh);
}

function genuine(
  byAccess: TokenIdentity | Refusal<LogoutReason>,
  byRefresh: RefreshIdentity | Refusal<'refresh_invalid'> | undefined,
): RevocableSession[] | Refusal<LogoutReason> {
  const sessions: RevocableSession[] = [];
  if (!(byAccess instanceof Refusal)) sessions.push(byAccess);
  if (byRefresh !== undefined && !(byRefresh instanceof Refusal)) {
    const { sub, sid } = byRefresh;
    if (sessions[0]?.sid !== sid) sessions.push({ sub, sid });
  }
  if (sessions.length > 0) return sessions;
  const isRefreshTokenAlone = byAccess instanceof Refusal && byAccess.reason === 'credential_missing';
  return isRefreshTokenAlone && byRefresh instanceof Refusal
    ? byRefresh
    : (byAccess as Refusal<LogoutReason>);
}
