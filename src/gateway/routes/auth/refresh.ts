import { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { type BodyReason, readJsonBody } from '../../../http/input.ts';
import { jsonBody, type Operation } from '../../../http/operation.ts';
import { Refusal } from '../../../refusal.ts';
import { type RefreshRefusal, refreshSession } from '../../../sessions/refresh.ts';
import type { SessionDeps } from '../../../sessions/start.ts';
import { logGrant, refuse } from '../../decision-log.ts';
import { hasBody } from '../../edge/body.ts';
import { cookieValues, isFromSite } from '../../pipeline/credential.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { recordEvent } from '../../request-context.ts';
import type { Site } from '../../site.ts';
import { sendTokens, TOKEN_RESPONSES, type Transport } from './tokens.ts';

const refreshSchema = z.strictObject({ refresh_token: z.string().min(1).max(512) });

export const refreshOperation: Operation<GatewayReason> = {
  method: 'post',
  path: '/auth/refresh',
  id: 'refresh',
  tag: 'Authentication',
  summary: 'Exchange a refresh token for a new pair of tokens',
  description:
    'Send the refresh token in the body or in its cookie. Reusing a refresh token ends the session, except during ' +
    'a short grace period for concurrent requests, which all get the same pair.',
  access: { by: 'refresh-token', cookieToo: true },
  body: { ...jsonBody(refreshSchema), optional: true },
  responses: TOKEN_RESPONSES,
  refusals: [
    'csrf',
    'credential_missing',
    'credential_twice',
    'refresh_invalid',
    'address_refused',
    'redis_unavailable',
  ],
};

export interface RefreshDeps extends SessionDeps {
  site: Site;
  audit: AuditLog;
  authBodyMaxBytes: number;
}

export const refresh =
  (deps: RefreshDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const presented = await takeRefreshToken(deps, c);
    if (presented instanceof Refusal) return refuse(c.env, presented);
    const { token, transport } = presented;
    const pair = await refreshSession(deps, { token, address: c.env.clientAddress }, c.env.nowMs);
    if (pair instanceof Refusal) {
      await recordReuse(deps.audit, c, pair);
      return refuse(c.env, pair, subjectOf(pair));
    }
    logGrant(c.env, pair.claims);
    return sendTokens(c, deps.site, pair, transport);
  };

/** The one refresh token of a request, from the body or from the cookie. */
async function takeRefreshToken(
  { site, authBodyMaxBytes }: RefreshDeps,
  c: GatewayContext,
): Promise<
  | { token: string; transport: Transport }
  | Refusal<BodyReason | 'credential_missing' | 'credential_twice' | 'csrf'>
> {
  const { incoming, outgoing } = c.env;
  const cookies = cookieValues(incoming, site.refreshCookieName);
  const inBody = hasBody(incoming);
  if (cookies.length + (inBody ? 1 : 0) > 1) return new Refusal('credential_twice');
  const [cookie] = cookies;
  if (cookie !== undefined) {
    return isFromSite(incoming, site) ? { token: cookie, transport: 'cookie' } : new Refusal('csrf');
  }
  if (!inBody) return new Refusal('credential_missing');
  const body = await readJsonBody(incoming, outgoing, refreshSchema, authBodyMaxBytes);
  return body instanceof Refusal ? body : { token: body.refresh_token, transport: 'bearer' };
}

/** Whose session a refused refresh token belongs to, if it is genuine. */
export const subjectOf = ({ about }: RefreshRefusal): { sub: string; sid: string } | undefined =>
  about && { sub: about.sub, sid: about.sid };

/** The reuse of a refresh token has ended the session. It is recorded before the response is sent. */
export async function recordReuse(
  audit: AuditLog,
  { env }: GatewayContext,
  { reason, about }: RefreshRefusal,
): Promise<void> {
  if (reason !== 'refresh_reused' || about === undefined) return;
  const { sub: subject, sid: session } = about;
  await recordEvent(audit, env, { action: 'refresh_reuse', result: 'done', subject, session });
}
