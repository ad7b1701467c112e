import { z } from 'zod';
import type { AuditTrail } from '../../../audit/event.ts';
import { type BodyReason, readJsonBody } from '../../../http/input.ts';
import { Refusal } from '../../../refusal.ts';
import { type RefreshRefusal, refreshSession } from '../../../sessions/refresh.ts';
import type { SessionDeps } from '../../../sessions/start.ts';
import { logGrant, refuse } from '../../decision-log.ts';
import { hasBody } from '../../edge/body.ts';
import { cookieValues, isFromSite } from '../../pipeline/credential.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import { auditFields } from '../../request-context.ts';
import type { Site } from '../../site.ts';
import { sendTokens, type Transport } from './token-response.ts';

export const refreshSchema = z.strictObject({ refresh_token: z.string().min(1).max(512) });

export interface RefreshDeps extends SessionDeps {
  site: Site;
  audit: AuditTrail;
  authBodyMaxBytes: number;
}

interface Presented {
  token: string;
  transport: Transport;
}

/** Exchanges a refresh token, from the body or from the cookie, for the session's next pair. */
export const refresh =
  (deps: RefreshDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const presented = await takeRefreshToken(deps, c);
    if (presented instanceof Refusal) return refuse(c.env, presented);
    if (presented instanceof Refusal) return refuse(c.env, presented);
    const pair = await refreshSession(
      deps,
      { token: presented.token, address: c.env.clientAddress },
      c.env.nowMs,
    );
    if (pair instanceof Refusal) return refuseRefresh(deps, c, pair);
    logGrant(c.env, pair.claims);
    return sendTokens(c, deps.site, pair, presented.transport);
  };

async function takeRefreshToken(
  { site, authBodyMaxBytes }: RefreshDeps,
  c: GatewayContext,
): Promise<Presented | Refusal<BodyReason> | Refusal<'credential_missing' | 'credential_twice' | 'csrf'>> {
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

async function refuseRefresh(
  { audit }: RefreshDeps,
  c: GatewayContext,
  refusal: RefreshRefusal,
): Promise<Response> {
  const { about } = refusal;
  await recordReuse(audit, c, refusal);
  return refuse(c.env, refusal, about && { sub: about.sub, sid: about.sid });
}

/** A replay of a stolen token has ended the session; that is written down before it is answered. */
export async function recordReuse(
  audit: AuditTrail,
  { env }: GatewayContext,
  { reason, about }: RefreshRefusal,
): Promise<void> {
  if (reason !== 'refresh_reused' || about === undefined) return;
  const event = { ...auditFields(env), action: 'refresh_reuse', result: 'done' } as const;
  await audit.record({ ...event, subject: about.sub, session: about.sid }, env.nowMs);
}
