import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuditLog } from '../../audit/event.ts';
import { type AccessTokenVerifier, kidOf } from '../../jwt/access-token.ts';
import type { RedisStore } from '../../redis/store.ts';
import { Refusal } from '../../refusal.ts';
import type { ActivityTracker } from '../../sessions/activity.ts';
import { checkWhitelist, checkWhitelistOnce } from '../../sessions/whitelist.ts';
import { isAddressAllowed } from '../../users/authorization.ts';
import { logGrant, refuse, refuseFault } from '../decision-log.ts';
import { hasBody } from '../edge/body.ts';
import { UPSTREAM_PREFIX, upstreamPath } from '../edge/target.ts';
import type { HeldBodies } from '../proxy/held-bodies.ts';
import type { RequestRates } from '../rates/request-rates.ts';
import type { Authenticated, RequestContext } from '../request-context.ts';
import type { Site } from '../site.ts';
import { receiveBody } from './body.ts';
import { takeCredential } from './credential.ts';
import { type ForwardDeps, Forwarding, isEventStream } from './forward.ts';
import type { Granted, Judge, NotAuthenticated, NotGranted } from './judgement.ts';
import type { ConcurrencyLimiter } from './limits.ts';
import type { Policy } from './policy.ts';
import { checkPossession, lacksRequiredBinding, type PossessionDeps } from './possession.ts';
import { recordAccess } from './record-access.ts';
import { verifySignature } from './signature.ts';

/*
 * The stages of a request, in order. Each needs the result of the one before, and the first refusal ends the request:
 * a token with a bad signature never reaches Redis, and a refused request never reaches the upstream.
 *
 *   0 edge        HTTP that two parsers cannot read in two ways, within limits   400 408 413 414   ../edge/listen.ts
 *                 and the rate of the network                                    429 431
 *   1 credential  exactly one token, from a header or a cookie                   400 401 403       ./credential.ts
 *   2 signature   signed by the gateway, not expired                             401               ./signature.ts
 *   3 possession  the client holds the key that its token is bound to            401               ./possession.ts
 *   4 whitelist   not revoked, the session and the user active, the proof unused 401 503           sessions/whitelist.ts
 *   5 address     in the user's IP ranges                                        403               users/authorization.ts
 *   6 policy      a rule names the request, and the role has its scope           403               ./policy.ts
 *   7 limits      the user's rates, shares of concurrent requests and streams    429               ./limits.ts
 *   8 body        a short body is complete, and 1 to 6 have passed since then    408 429 503       ./body.ts
 *   9 proxy       forwarded with an assertion                                    413 502 503 504   ./forward.ts, ../proxy
 *
 * Requests for the upstream take all of them. The gateway's own routes take 1 to 5, by ./guards.ts.
 *
 * Authority is checked when it is used: a request passes stages 1 to 6 again when its held body is complete, when it
 * has waited for a connection to the upstream, and before the last chunk of a streamed body is released.
 */

export interface AuthenticationDeps {
  site: Site;
  verifyToken: AccessTokenVerifier;
  redis: RedisStore;
  possession: PossessionDeps;
  activity: ActivityTracker;
  rates: RequestRates;
  now: () => number;
}

/** Stages 1 to 5. @throws {RedisUnavailable} */
export async function authenticate(
  { site, verifyToken, possession, redis, rates }: AuthenticationDeps,
  context: RequestContext,
): Promise<Authenticated | NotAuthenticated> {
  const { incoming, nowMs, clientAddress, record } = context;
  const credential = takeCredential(incoming, site);
  if (credential instanceof Refusal) return { refusal: credential };

  const verifying = record.begin('signature');
  const claims = verifySignature(verifyToken, credential.token, nowMs);
  record.end(verifying);
  if (claims instanceof Refusal) return { refusal: claims };

  const proof = checkPossession(possession, context, credential, claims.cnf);
  if (proof instanceof Refusal) return { refusal: proof, claims };
  const overRate = proof && rates.countProof(context, claims.sid);
  if (overRate !== undefined) return { refusal: overRate, claims };

  const wasComplete = incoming.complete;
  const asking = record.begin('whitelist');
  const authorization = await (proof === undefined
    ? checkWhitelist(redis, claims)
    : checkWhitelistOnce(redis, claims, proof, nowMs));
  record.end(asking);
  if (authorization instanceof Refusal) return { refusal: authorization, claims };
  context.possession.isProven = true;
  if (lacksRequiredBinding(possession, claims.cnf, authorization.role))
    return { refusal: new Refusal('binding_required'), claims };

  if (!isAddressAllowed(authorization, clientAddress))
    return { refusal: new Refusal('address_refused'), claims };

  return { claims, kid: () => kidOf(credential.token), authorization, wasComplete };
}

/** Why a user has to wait. */
type LimitReason =
  | 'user_rate_exceeded'
  | 'transfer_rate_exceeded'
  | 'too_many_searches'
  | 'too_many_streams'
  | 'too_many_under_way';

export interface PipelineDeps extends AuthenticationDeps, ForwardDeps {
  audit: AuditLog;
  policy: Policy;
  requestLimiter: ConcurrencyLimiter;
  streamLimiter: ConcurrencyLimiter;
  searchLimiter: ConcurrencyLimiter;
  heldBodies: HeldBodies;
}

/** Stages 1 to 6. @throws {RedisUnavailable} */
async function judge(deps: PipelineDeps, context: RequestContext): Promise<Granted | NotGranted> {
  const user = await authenticate(deps, context);
  if ('refusal' in user) return user;
  const { incoming, path, nowMs, record } = context;
  const grant = deps.policy(incoming.method ?? '', upstreamPath(path), user.authorization);
  if (grant instanceof Refusal) return { refusal: grant, claims: user.claims };
  record.route = UPSTREAM_PREFIX + grant.pattern;
  return { user, grant, atMs: nowMs };
}

/** All stages after the edge: authenticates the request, authorizes it and forwards it. It never rejects. */
export async function runPipeline(deps: PipelineDeps, context: RequestContext): Promise<void> {
  try {
    // A short body often arrives with its head, and Node has parsed it in the next turn: then one lookup is enough.
    if (hasBody(context.incoming)) await nextTurn();
    const granted = await judge(deps, context);
    if ('refusal' in granted) return void refuse(context, granted.refusal, granted.claims);

    const full = overLimit(deps, context, granted);
    if (full !== undefined) return void refuse(context, full, granted.user.claims);

    const judgeAgain: Judge = () => judge(deps, { ...context, nowMs: deps.now() });
    const received = hasBody(context.incoming)
      ? await receiveBody(deps.heldBodies, context, granted, judgeAgain)
      : { granted, body: null };
    if (received === undefined) return;

    const { sub, sid } = granted.user.claims;
    logGrant(context, { sub, sid });
    recordAccess(deps.audit, context, received.granted);
    await new Forwarding(deps, context, judgeAgain).start(received);
  } catch (fault) {
    refuseFault(context, fault);
  }
}

/** Counts the request against its user's share, or refuses it. */
function overLimit(
  { rates, requestLimiter, streamLimiter, searchLimiter }: PipelineDeps,
  context: RequestContext,
  { user, grant }: Granted,
): Refusal<LimitReason> | undefined {
  const { incoming, outgoing } = context;
  const { sub } = user.claims;
  const overRate =
    rates.countForUser(context, sub) ??
    (grant.kind === 'transfer' ? rates.countTransfer(context, sub) : undefined);
  if (overRate !== undefined) return overRate;
  if (grant.kind === 'search' && !searchLimiter.tryAcquire(sub, outgoing))
    return new Refusal('too_many_searches');
  if (isEventStream(incoming, grant))
    return streamLimiter.tryAcquire(sub, outgoing) ? undefined : new Refusal('too_many_streams');
  return requestLimiter.tryAcquire(sub, outgoing) ? undefined : new Refusal('too_many_under_way');
}
