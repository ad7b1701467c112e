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
import { isAddressAllowed } from '../../users/authorization.ts';
import { refuse, refuseFault } from '../decision-log.ts';
import { upstreamPath } from '../edge/target.ts';
import type { Authenticated, RequestContext } from '../request-context.ts';
import type { Site } from '../site.ts';
import { type CredentialReason, takeCredential } from './credential.ts';
import { type ForwardDeps, forward } from './forward.ts';
import type { ConcurrencyLimiter } from './limits.ts';
import type { Policy } from './policy.ts';
import { verifySignature } from './signature.ts';

/*
 * The stages of a request, in order. Each needs the result of the one before, and the first refusal ends the request:
 * a token with a bad signature never reaches Redis, and a refused request never reaches the upstream.
 *
 *   0 edge        HTTP that two parsers cannot read in two ways, within limits   400 408 413 431   ../edge/listen.ts
 *   1 credential  exactly one token, from a header or a cookie                   400 401 403       ./credential.ts
 *   2 signature   signed by the gateway, not expired                             401               ./signature.ts
 *   3 whitelist   not revoked, the session and the user active                   401 503           sessions/whitelist.ts
 *   4 address     in the user's IP ranges                                        403               users/authorization.ts
 *   5 policy      a rule names the request, and the role has its scope           403               ./policy.ts
 *   6 limits      the user's share of concurrent requests                        429               ./limits.ts
 *   7 proxy       forwarded with an assertion                                    413 502 503 504   ./forward.ts, ../proxy
 *
 * Requests for the upstream take all of them. The gateway's own routes take 1 to 4, by ./guards.ts.
 */

/** The refusal of stages 1 to 4, with the claims if the token is genuine. */
interface NotAuthenticated {
  refusal: Refusal<CredentialReason | TokenReason | WhitelistReason | 'address_refused'>;
  claims?: AccessClaims;
}

export interface AuthenticationDeps {
  site: Site;
  verifyToken: AccessTokenVerifier;
  redis: RedisLink;
  activity: ActivityTracker;
}

/** Stages 1 to 4. @throws {RedisUnavailable} */
export async function authenticate(
  { site, verifyToken, redis }: AuthenticationDeps,
  { incoming, nowMs, clientAddress }: RequestContext,
): Promise<Authenticated | NotAuthenticated> {
  const credential = takeCredential(incoming, site);
  if (credential instanceof Refusal) return { refusal: credential };

  const claims = await verifySignature(verifyToken, credential, nowMs);
  if (claims instanceof Refusal) return { refusal: claims };

  const authorization = await checkWhitelist(redis, claims);
  if (authorization instanceof Refusal) return { refusal: authorization, claims };

  if (!isAddressAllowed(authorization, clientAddress))
    return { refusal: new Refusal('address_refused'), claims };

  return { claims, kid: () => kidOf(credential), authorization };
}

export interface PipelineDeps extends AuthenticationDeps, ForwardDeps {
  policy: Policy;
  concurrencyLimiter: ConcurrencyLimiter;
}

/** All stages after the edge: authenticates the request, authorizes it and forwards it. It never rejects. */
export async function runPipeline(deps: PipelineDeps, context: RequestContext): Promise<void> {
  try {
    const user = await authenticate(deps, context);
    if ('refusal' in user) return void refuse(context, user.refusal, user.claims);

    const { claims, authorization } = user;
    const { incoming, outgoing, path } = context;

    const grant = deps.policy(incoming.method ?? '', upstreamPath(path), authorization);
    if (grant instanceof Refusal) return void refuse(context, grant, claims);

    if (!deps.concurrencyLimiter.tryAcquire(claims.sub, outgoing))
      return void refuse(context, new Refusal('too_many_under_way'), claims);

    await forward(deps, context, user, grant);
  } catch (fault) {
    refuseFault(context, fault);
  }
}
