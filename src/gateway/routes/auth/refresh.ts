import { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { jsonBody, type Operation } from '../../../http/operation.ts';
import type { VerifiedProof } from '../../../jwt/dpop/proof.ts';
import { settleConfirmations } from '../../../redis/replication/deferred.ts';
import { Refusal } from '../../../refusal.ts';
import {
  type RefreshedPair,
  type RefreshRefusal,
  type RefreshRequest,
  refreshSession,
} from '../../../sessions/refresh.ts';
import { readRefreshToken } from '../../../sessions/refresh-token.ts';
import type { SessionDeps } from '../../../sessions/start.ts';
import { logGrant, refuse } from '../../decision-log.ts';
import { cookieValues, isFromSite } from '../../pipeline/credential.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import type { OwnBodyReason } from '../../pipeline/own-body.ts';
import { type PossessionDeps, presentedCertificate, takeProof } from '../../pipeline/possession.ts';
import type { GatewayReason } from '../../problems/table.ts';
import type { RequestRates } from '../../rates/request-rates.ts';
import { recordEvent, recordRevocation } from '../../request-context.ts';
import type { Site } from '../../site.ts';
import { deviceNameOf } from './device-name.ts';
import { sendTokens, TOKEN_RESPONSES, type Transport } from './tokens.ts';

export const refreshTokenSchema = z.strictObject({ refresh_token: z.string().min(1).max(512) });

export const refreshOperation: Operation<GatewayReason> = {
  method: 'post',
  path: '/auth/refresh',
  id: 'refresh',
  tag: 'Authentication',
  summary: 'Exchange a refresh token for a new pair of tokens',
  description:
    'Send the refresh token in the body or in its cookie. Reusing a refresh token ends the session, except during ' +
    'a short grace period for concurrent requests from one network with one user agent, which all get the same pair. ' +
    'A session that is bound needs a DPoP proof or its certificate.',
  access: { by: 'refresh-token', cookieToo: true },
  body: { ...jsonBody(refreshTokenSchema), optional: true },
  responses: TOKEN_RESPONSES,
  refusals: [
    'csrf',
    'credential_missing',
    'credential_twice',
    'refresh_invalid',
    'proof_invalid',
    'nonce_required',
    'proof_replayed',
    'binding_wrong',
    'address_refused',
    'redis_unavailable',
    'revocation_not_durable',
  ],
};

export interface RefreshDeps extends SessionDeps {
  site: Site;
  audit: AuditLog;
  possession: PossessionDeps;
  rates: RequestRates;
}

export const refresh =
  (deps: RefreshDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const presented = await takeRefreshToken(deps, c);
    if (presented instanceof Refusal) return refuse(c.env, presented);
    const { token, transport } = presented;
    const refusal = countRefresh(deps, c, token);
    if (refusal !== undefined) return refuse(c.env, refusal);
    const proof = takeProof(deps.possession, c.env);
    if (proof instanceof Refusal) return refuse(c.env, proof);
    const pair = await refreshFor(deps, c, { token, proof });
    if (pair instanceof Refusal) return refuse(c.env, pair, subjectOf(pair));
    logGrant(c.env, pair.claims);
    return sendTokens(c, deps.site, pair, transport);
  };

/** A refresh token, and the proof that the client holds a key. */
interface PresentedRefresh {
  token: string;
  proof: VerifiedProof | undefined;
  /** The registered client that says it is the session's. */
  clientId?: string | undefined;
}

/** Exchanges a refresh token, and records its reuse or a crossing before the response is sent. */
export async function refreshFor(
  deps: RefreshDeps,
  c: GatewayContext,
  { token, proof, clientId }: PresentedRefresh,
): Promise<RefreshedPair | RefreshRefusal> {
  const { clientAddress: address, incoming, nowMs } = c.env;
  const userAgent = incoming.headers['user-agent'];
  const request: RefreshRequest = {
    ...{ token, address, userAgent, device: deviceNameOf(userAgent) },
    ...(proof === undefined ? {} : { proof, confirmation: { jkt: proof.jkt } }),
    ...{ clientId, certificate: presentedCertificate(deps.possession, incoming) },
  };
  const outcome = await refreshSession(deps, request, nowMs);
  if (outcome instanceof Refusal) {
    await recordReuse(deps.audit, c, outcome);
    await settleConfirmations();
  } else await recordCrossing(deps.audit, c, outcome);
  return outcome;
}

/** The one refresh token of a request, from the body or from the cookie. */
async function takeRefreshToken(
  { site }: RefreshDeps,
  { env: { incoming, body } }: GatewayContext,
): Promise<
  | { token: string; transport: Transport }
  | Refusal<OwnBodyReason | 'credential_missing' | 'credential_twice' | 'csrf'>
> {
  const cookies = cookieValues(incoming, site.refreshCookieName);
  if (cookies.length + (body.exists ? 1 : 0) > 1) return new Refusal('credential_twice');
  const [cookie] = cookies;
  if (cookie !== undefined) {
    return isFromSite(incoming, site) ? { token: cookie, transport: 'cookie' } : new Refusal('csrf');
  }
  if (!body.exists) return new Refusal('credential_missing');
  const input = await body.json(refreshTokenSchema);
  return input instanceof Refusal ? input : { token: input.refresh_token, transport: 'bearer' };
}

/**
 * Counts a refresh as a change of the session. A token that is not genuine is refused before: it uses up no rate of a
 * session, and its proof is not worth a verification.
 */
export function countRefresh(
  { refreshKey, rates }: RefreshDeps,
  { env }: GatewayContext,
  token: string,
): Refusal<'refresh_invalid' | 'session_change_rate_exceeded'> | undefined {
  const identity = readRefreshToken(refreshKey, token);
  return identity instanceof Refusal ? identity : rates.countSessionChange(env, identity.sid);
}

/** Whose session a refused refresh token belongs to, if it is genuine. */
export const subjectOf = ({ about }: RefreshRefusal): { sub: string; sid: string } | undefined =>
  about && { sub: about.sub, sid: about.sid };

/** The reuse of a refresh token has ended the session, whether or not that can be recorded. */
function recordReuse(
  audit: AuditLog,
  { env }: GatewayContext,
  { reason, about, detail }: RefreshRefusal,
): Promise<void> {
  if (reason !== 'refresh_reused' || about === undefined) return Promise.resolve();
  const { sub: subject, sid: session } = about;
  return recordRevocation(audit, env, { action: 'refresh_reuse', result: 'done', subject, session, detail });
}

/** Concurrent requests of one client have used the same refresh token. */
async function recordCrossing(
  audit: AuditLog,
  { env }: GatewayContext,
  { claims, crossedWith }: RefreshedPair,
): Promise<void> {
  if (crossedWith === undefined) return;
  const { sub: subject, sid: session } = claims;
  const detail = `last refresh from ${crossedWith}`;
  await recordEvent(audit, env, { action: 'refresh_crossing', result: 'done', subject, session, detail });
}
