import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';
import {
  type AccessClaims,
  type AccessTokenVerifier,
  kidOf,
  type TokenReason,
} from '../../jwt/access-token.ts';
import type { RedisLink } from '../../redis/connection.ts';
import { Refusal } from '../../refusal.ts';
import type { ActivityTracker } from '../../sessions/activity.ts';
import { checkWhitelist, type WhitelistReason } from '../../sessions/whitelist.ts';
import { type Authorization, isAddressAllowed } from '../../users/authorization.ts';
import { type Scope, scopesOf } from '../../users/roles.ts';
import { logGrant, type RequestContext, refuse } from '../request-context.ts';
import { type CredentialReason, type Site, takeCredential } from './credential.ts';

export type GatewayContext = Context<{ Bindings: RequestContext }>;

/** Who is behind a request: the token is signed and alive, the user is active. */
export interface Authenticated {
  claims: AccessClaims;
  /** The key that signed the token. */
  kid: () => string;
  authorization: Authorization;
}

export interface AuthenticationDeps {
  site: Site;
  verifyToken: AccessTokenVerifier;
  redis: RedisLink;
  activity: ActivityTracker;
}

/** A refusal, and whose genuine token it was where that much is known. */
interface NotAdmitted {
  refusal: Refusal<CredentialReason | TokenReason | WhitelistReason | 'address_refused'>;
  claims?: AccessClaims;
}

/**
 * The first three stages, in the order that is the security: credential, signature, whitelist. A token whose
 * signature fails never reaches Redis.
 */
async function admit(
  { site, verifyToken, redis }: AuthenticationDeps,
  { incoming, nowMs, clientAddress }: RequestContext,
): Promise<Authenticated | NotAdmitted> {
  const token = takeCredential(incoming, site);
  if (token instanceof Refusal) return { refusal: token };
  const claims = await verifyToken(token, nowMs);
  if (claims instanceof Refusal) return { refusal: claims };
  const authorization = await checkWhitelist(redis, claims);
  if (authorization instanceof Refusal) return { refusal: authorization, claims };
  if (!isAddressAllowed(authorization, clientAddress))
    return { refusal: new Refusal('address_refused'), claims };
  return { claims, kid: () => kidOf(token), authorization: authorization };
}

/** Writes down that a request is let through, and that somebody is there. What is refused keeps no session alive. */
export function recordGrant(
  { activity }: AuthenticationDeps,
  arrival: RequestContext,
  { sub, sid }: AccessClaims,
): void {
  if (isRealActivity(arrival.incoming)) activity.note(sub, sid, arrival.nowMs);
  logGrant(arrival, { sub, sid });
}

/** What a page asks for by itself while nobody is there doesn't keep a session alive: polling and event streams. */
const isRealActivity = ({ headers }: IncomingMessage): boolean =>
  headers['x-background'] !== '1' && headers.accept?.toLowerCase().includes('text/event-stream') !== true;

/** A route for those who are logged in, and for nobody else. `/bank/**` needs no more of its context than `env`. */
export type AuthenticatedRoute<Of extends { env: RequestContext } = GatewayContext> = (
  c: Of,
  admitted: Authenticated,
) => Promise<Response> | Response;

/** Puts the first three stages before a route. */
export const authenticated =
  <Of extends { env: RequestContext }>(deps: AuthenticationDeps, route: AuthenticatedRoute<Of>) =>
  async (c: Of): Promise<Response> => {
    const who = await admit(deps, c.env);
    return 'refusal' in who ? refuse(c.env, who.refusal, who.claims) : route(c, who);
  };

/** The same, for routes that need no further permission. */
export const requireSession = (deps: AuthenticationDeps, route: AuthenticatedRoute) =>
  authenticated(deps, (c: GatewayContext, who) => {
    recordGrant(deps, c.env, who.claims);
    return route(c, who);
  });

/** The same, for routes of staff: for those whose role has the scope at this moment. */
export const requireScope = (deps: AuthenticationDeps, scope: Scope, route: AuthenticatedRoute) =>
  authenticated(deps, (c: GatewayContext, who) => {
    if (!scopesOf(who.authorization.role).has(scope))
      return refuse(c.env, new Refusal('scope_missing', scope), who.claims);
    recordGrant(deps, c.env, who.claims);
    return route(c, who);
  });
