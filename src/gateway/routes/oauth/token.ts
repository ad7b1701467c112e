import { z } from 'zod';
import { Refusal } from '../../../refusal.ts';
import { refreshSession } from '../../../sessions/refresh.ts';
import { logGrant } from '../../decision-log.ts';
import { countHeader } from '../../pipeline/credential.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import { FIRST_PARTY_CLIENT } from '../auth/login.ts';
import { type RefreshDeps, recordReuse } from '../auth/refresh.ts';
import { sendTokens } from '../auth/token-response.ts';
import { checkForm, type Form, readFormBody } from './form-body.ts';
import { type OauthReason, refuseOauth } from './refuse.ts';

/** The form of a refresh by a public client, which names itself and has no secret (RFC 6749, sections 3.2.1, 6). */
export const tokenRequestSchema = z.object({
  grant_type: z.string(),
  client_id: z.string(),
  refresh_token: z.string().min(1).max(512),
});

/**
 * Exchanges a refresh token as `/auth/refresh` does, in the words of RFC 6749, section 6, so that an app can leave
 * that to any OAuth library, and because the metadata of an authorization server has to name a token endpoint
 * (RFC 8414, section 2). Registered clients are given no tokens, so a client that comes with a secret is refused.
 */
export const token =
  (deps: RefreshDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const { env } = c;
    const refreshToken = await takeGrant(deps, c);
    if (refreshToken instanceof Refusal) return refuseOauth(env, refreshToken);
    const grant = { token: refreshToken, address: env.clientAddress };
    const pair = await refreshSession(deps, grant, env.nowMs);
    if (pair instanceof Refusal) {
      await recordReuse(deps.audit, c, pair);
      const about = pair.about && { sub: pair.about.sub, sid: pair.about.sid };
      return refuseOauth(env, new Refusal('grant_invalid', pair.reason), about);
    }
    logGrant(env, { ...pair.claims, client: pair.claims.client_id });
    return sendTokens(c, deps.site, pair, 'bearer');
  };

async function takeGrant(deps: RefreshDeps, { env }: GatewayContext): Promise<string | Refusal<OauthReason>> {
  const form = await readFormBody(env.incoming, env.outgoing, deps.authBodyMaxBytes);
  if (form instanceof Refusal) return form;
  if (form.grant_type !== undefined && form.grant_type !== 'refresh_token')
    return new Refusal('grant_unsupported');
  const input = checkForm(form, tokenRequestSchema);
  if (input instanceof Refusal) return input;
  if (countHeader(env.incoming, 'authorization') > 0 || hasSecret(form))
    return new Refusal('client_wrong', 'not a public client');
  if (input.client_id !== FIRST_PARTY_CLIENT) return new Refusal('client_wrong');
  return form.scope === undefined ? input.refresh_token : new Refusal('scope_unsupported');
}

const hasSecret = (form: Form): boolean =>
  form.client_secret !== undefined || form.client_assertion !== undefined;
