import { z } from 'zod';
import type { AuditLog } from '../../../audit/event.ts';
import { jsonBody, LOGGED_IN, NO_CONTENT, type Operation } from '../../../http/operation.ts';
import { Refusal } from '../../../refusal.ts';
import { endSession } from '../../../sessions/end.ts';
import { tryUseProof } from '../../../sessions/used-proofs.ts';
import { logGrant, refuse } from '../../decision-log.ts';
import { isFromSite } from '../../pipeline/credential.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import type { PossessionReason } from '../../pipeline/possession.ts';
import type { GatewayReason } from '../../problems/table.ts';
import { recordRevocation } from '../../request-context.ts';
import { type LogoutReason, type RevocableSession, type TokenDeps, takeSessions } from './logout-tokens.ts';
import { clearedCookies } from './tokens.ts';

const logoutSchema = z.strictObject({ refresh_token: z.string().min(1).max(512).optional() });

export const logoutOperation: Operation<GatewayReason> = {
  method: 'post',
  path: '/auth/logout',
  id: 'logOut',
  tag: 'Authentication',
  summary: 'Log out',
  description:
    "All of the session's tokens are revoked before the response is sent. The session is the one of the access token, " +
    'which may have expired, or of the refresh token in the body or in its cookie. If it has ended before, the ' +
    "response is the same. The cookies are cleared in every response to the site's own pages, unless a DPoP proof was " +
    'refused or is missing.',
  access: LOGGED_IN,
  body: { ...jsonBody(logoutSchema), optional: true },
  responses: NO_CONTENT,
  refusals: ['refresh_invalid', 'revocation_not_durable'],
};

/** After these, the session continues, and its page needs the cookies to send another proof. */
const PROOF_REASONS: ReadonlySet<string> = new Set<PossessionReason | 'proof_replayed'>([
  'proof_invalid',
  'nonce_required',
  'proof_replayed',
  'binding_wrong',
]);

export interface LogoutDeps extends TokenDeps {
  audit: AuditLog;
}

/** Ends the session of each genuine token that the request presents. */
export const logout =
  (deps: LogoutDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const { body, incoming, outgoing } = c.env;
    const input = body.exists ? await body.json(logoutSchema) : {};
    if (isFromSite(incoming, deps.site))
      for (const cookie of clearedCookies(deps.site)) outgoing.appendHeader('set-cookie', cookie);
    if (input instanceof Refusal) return refuse(c.env, input);
    const sessions = await takeSessions(deps, c.env, input.refresh_token);
    if (sessions instanceof Refusal) return refuseLogout(c, sessions);
    if (!(await useProofs(deps, c, sessions))) return refuseLogout(c, new Refusal('proof_replayed'));
    for (const session of sessions) await end(deps, c, session);
    return c.body(null, 204);
  };

function refuseLogout({ env }: GatewayContext, refusal: Refusal<LogoutReason | 'proof_replayed'>): Response {
  if (PROOF_REASONS.has(refusal.reason)) env.outgoing.removeHeader('set-cookie');
  return refuse(env, refusal);
}

/** Uses up the proofs with which the sessions were presented. Returns whether all of them were unused. */
async function useProofs(
  { redis }: LogoutDeps,
  { env }: GatewayContext,
  sessions: readonly RevocableSession[],
): Promise<boolean> {
  // Two sessions of one key have the same proof, which is used once.
  const byProof = new Map(sessions.map((session) => [`${session.sub} ${session.proof?.id}`, session]));
  for (const { proof, ...session } of byProof.values())
    if (proof !== undefined && !(await tryUseProof(redis, session, proof, env.nowMs))) return false;
  return true;
}

async function end(
  { redis, audit }: LogoutDeps,
  { env }: GatewayContext,
  { sub, sid, jti }: RevocableSession,
): Promise<void> {
  const wasActive = await endSession(redis, sub, sid, { jti });
  logGrant(env, { sub, sid });
  if (wasActive)
    await recordRevocation(audit, env, { action: 'logout', result: 'done', actor: sub, session: sid });
}
