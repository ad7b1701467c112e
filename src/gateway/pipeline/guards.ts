import type { Context, MiddlewareHandler } from 'hono';
import { deferConfirmations, settleConfirmations } from '../../redis/replication/deferred.ts';
import { Refusal } from '../../refusal.ts';
import { type Scope, scopesOf } from '../../users/roles.ts';
import { refuse } from '../decision-log.ts';
import type { Authenticated, RequestContext } from '../request-context.ts';
import { takeCredential } from './credential.ts';
import { recordGrant } from './forward.ts';
import type { NotAuthenticated } from './judgement.ts';
import type { OwnRequestContext } from './own-body.ts';
import { type AuthenticationDeps, authenticate } from './pipeline.ts';

export type GatewayContext = Context<{ Bindings: OwnRequestContext }>;

/** The user of one of the gateway's own routes. */
export interface RouteUser extends Authenticated {
  /**
   * Authenticates the request again as of now, after slow work and before a change: the key of the token may have been
   * retired, the token may have expired, and the session and the address are checked as well. Returns the refusal, if
   * any. @throws {RedisUnavailable}
   */
  checkAgain(): Promise<NotAuthenticated['refusal'] | undefined>;
}

/** One of the gateway's own routes, for authenticated users only. */
export type AuthenticatedRoute = (c: GatewayContext, user: RouteUser) => Promise<Response> | Response;

/**
 * Sends the response of an own route once enough servers have what the request has revoked. The wait begins with the
 * revocation and ends here, after its audit record was written, so that a revocation that is not confirmed is recorded
 * as well. A route that sends a refusal itself settles before that. @throws {NotDurable} which becomes the 503
 */
export const sendWhenDurable: MiddlewareHandler<{ Bindings: OwnRequestContext }> = (c, next) =>
  deferConfirmations(async () => {
    await next();
    if (!c.env.outgoing.headersSent) await settleConfirmations();
  });

/**
 * Requires a valid access token. The request is neither logged as granted nor counted as activity: the route does.
 *
 * The body is read first, as a whole, and the token is checked then. A client that sends its body slowly cannot use
 * authority that it has lost in the meantime. A request without one credential costs no body.
 */
export const requireToken =
  (deps: AuthenticationDeps, route: AuthenticatedRoute, rate: RouteRate = 'request') =>
  async (c: GatewayContext): Promise<Response> => {
    const credential = takeCredential(c.env.incoming, deps.site);
    if (credential instanceof Refusal) return refuse(c.env, credential);
    await c.env.body.whole();
    const user = await authenticate(deps, c.env);
    if ('refusal' in user) return refuse(c.env, user.refusal, user.claims);
    const overRate = countRequest(deps, c.env, user, rate);
    if (overRate !== undefined) return refuse(c.env, overRate, user.claims);
    return route(c, { ...user, checkAgain: () => checkAgain(deps, c.env) });
  };

async function checkAgain(deps: AuthenticationDeps, context: RequestContext) {
  const user = await authenticate(deps, { ...context, nowMs: deps.now() });
  return 'refusal' in user ? user.refusal : undefined;
}

/** Which rate a route counts for: that of its user, or the one for changes of its session. */
type RouteRate = 'request' | 'session-change';

const countRequest = (
  { rates }: AuthenticationDeps,
  context: RequestContext,
  { claims: { sub, sid } }: Authenticated,
  rate: RouteRate,
): Refusal<'user_rate_exceeded' | 'session_change_rate_exceeded'> | undefined =>
  rate === 'request' ? rates.countForUser(context, sub) : rates.countSessionChange(context, sid);

/** Requires a valid access token and no further permission. */
export const requireSession = (deps: AuthenticationDeps, route: AuthenticatedRoute, rate?: RouteRate) =>
  requireToken(
    deps,
    (c, user) => {
      recordGrant(deps.activity, c.env, user.claims);
      return route(c, user);
    },
    rate,
  );

/** Requires a valid access token of a user whose role has the scope now. */
export const requireScope = (deps: AuthenticationDeps, scope: Scope, route: AuthenticatedRoute) =>
  requireToken(deps, (c, user) => {
    if (!scopesOf(user.authorization.role).has(scope))
      return refuse(c.env, new Refusal('scope_missing', scope), user.claims);
    recordGrant(deps.activity, c.env, user.claims);
    return route(c, user);
  });
