import { z } from 'zod';
import { formBody, type Operation, ok } from '../../../http/operation.ts';
import type { ProofReason } from '../../../jwt/dpop/proof.ts';
import { Refusal } from '../../../refusal.ts';
import type { RefreshReason } from '../../../sessions/refresh.ts';
import { logGrant } from '../../decision-log.ts';
import { countHeader } from '../../pipeline/credential.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import { takeProof } from '../../pipeline/possession.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { countRefresh, type RefreshDeps, refreshFor, subjectOf } from '../auth/refresh.ts';
import { bearerResponseSchema, sendTokens } from '../auth/tokens.ts';
import { checkForm, type Form, readForm } from './form.ts';
import { isLoginClient } from './public-client.ts';
import { type OauthReason, refuseOauth } from './refuse.ts';

/** A refresh by a public client, which sends its id and has no secret (RFC 6749, sections 3.2.1 and 6). */
const tokenRequestSchema = z.object({
  grant_type: z.string(),
  client_id: z.string(),
  refresh_token: z.string().min(1).max(512),
});

export const tokenOperation: Operation<GatewayReason> = {
  method: 'post',
  path: '/oauth/token',
  id: 'refreshByGrant',
  tag: 'OAuth',
  summary: 'OAuth 2.0 token endpoint (refresh_token grant, RFC 6749)',
  description: 'The same as `/auth/refresh`, for OAuth libraries. `grant_type` must be `refresh_token`.',
  access: { by: 'refresh-token' },
  body: formBody(tokenRequestSchema),
  responses: ok('A pair of tokens (RFC 6749, section 5.1).', bearerResponseSchema),
  refusals: [
    'grant_invalid',
    'grant_proof_invalid',
    'grant_nonce_required',
    'grant_unsupported',
    'scope_unsupported',
    'client_wrong',
    'redis_unavailable',
    'revocation_not_durable',
  ],
};

/**
 * Exchanges a refresh token as `/auth/refresh` does, but as RFC 6749, section 6, specifies it: apps can use any OAuth
 * library, and the server metadata must name a token endpoint (RFC 8414, section 2). Registered clients get no tokens,
 * so a client that sends a secret is refused.
 */
export const token =
  (deps: RefreshDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const { env } = c;
    const grant = await takeGrant(c);
    if (grant instanceof Refusal) return refuseOauth(env, grant);
    const refusal = countRefresh(deps, c, grant.token);
    if (refusal !== undefined) return refuseOauth(env, grantRefusal(refusal));
    const proof = takeProof(deps.possession, env);
    if (proof instanceof Refusal)
      return refuseOauth(env, new Refusal(REASON_OF_PROOF[proof.reason], proof.detail));
    if (!(await isLoginClient(deps.redis, grant.clientId)))
      return refuseOauth(env, new Refusal('client_wrong'));
    const pair = await refreshFor(deps, c, { ...grant, proof });
    if (pair instanceof Refusal) return refuseOauth(env, grantRefusal(pair), subjectOf(pair));
    logGrant(env, { ...pair.claims, client: pair.claims.client_id });
    return sendTokens(c, deps.site, pair, 'bearer');
  };

/** This endpoint refuses a proof with 400 (RFC 9449, sections 5 and 8). */
const REASON_OF_PROOF = {
  proof_invalid: 'grant_proof_invalid',
  nonce_required: 'grant_nonce_required',
} as const satisfies Record<ProofReason, OauthReason>;

function grantRefusal(
  refusal: Refusal<RefreshReason | 'session_change_rate_exceeded'>,
): Refusal<OauthReason> {
  const { reason, retryAfterSeconds } = refusal;
  if (reason === 'session_change_rate_exceeded') return new Refusal(reason, { retryAfterSeconds });
  return new Refusal(reason === 'proof_replayed' ? 'grant_proof_invalid' : 'grant_invalid', reason);
}

/** A refresh token, and the public client that says it is its own. */
interface Grant {
  clientId: string;
  token: string;
}

async function takeGrant({ env }: GatewayContext): Promise<Grant | Refusal<OauthReason>> {
  const form = await readForm(env);
  if (form instanceof Refusal) return form;
  if (form.grant_type !== undefined && form.grant_type !== 'refresh_token')
    return new Refusal('grant_unsupported');
  const input = checkForm(form, tokenRequestSchema);
  if (input instanceof Refusal) return input;
  if (countHeader(env.incoming, 'authorization') > 0 || hasSecret(form))
    return new Refusal('client_wrong', 'not a public client');
  if (form.scope !== undefined) return new Refusal('scope_unsupported');
  return { clientId: input.client_id, token: input.refresh_token };
}

const hasSecret = (form: Form): boolean =>
  form.client_secret !== undefined || form.client_assertion !== undefined;
