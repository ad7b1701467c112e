import type { AuditLog } from '../../../audit/event.ts';
import { OWN_CLIENT } from '../../../redis/session-record.ts';
import { Refusal } from '../../../refusal.ts';
import {
  type SessionDeps,
  type SessionOpener,
  type StartedSession,
  type StartReason,
  startSession,
} from '../../../sessions/start.ts';
import { viaDetail } from '../../../users/password-reset.ts';
import type { User } from '../../../users/users.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import { recordEvent } from '../../request-context.ts';
import { deviceNameOf } from './device-name.ts';

/** Starts a session and records the login, or why there is none. */
export async function openSession(
  deps: SessionDeps & { audit: AuditLog },
  { user, remember }: { user: User; remember: boolean },
  c: GatewayContext,
): Promise<StartedSession | Refusal<StartReason>> {
  const session = await startSession(deps, openerOf(c, user, remember), c.env.nowMs);
  await recordOutcome(deps.audit, c, user, session);
  return session;
}

/** The audit record of a login names the sessions that it replaced, and who else had a part in the password. */
function recordOutcome(
  audit: AuditLog,
  { env }: GatewayContext,
  user: User,
  session: StartedSession | Refusal<StartReason>,
): Promise<void> {
  const event = { action: 'login', actor: user.id, role: user.role } as const;
  if (session instanceof Refusal)
    return recordEvent(audit, env, { ...event, result: 'refused', detail: session.reason });
  const { evicted, claims } = session;
  const replaced = evicted.length > 0 ? `ended for it: ${evicted.join(' ')}` : undefined;
  const detail = [viaDetail(user), replaced].filter((part) => part !== undefined).join('; ') || undefined;
  return recordEvent(audit, env, { ...event, result: 'done', session: claims.sid, detail });
}

const openerOf = ({ env }: GatewayContext, user: User, remember: boolean): SessionOpener => ({
  userId: user.id,
  role: user.role,
  verifiedGeneration: user.generation,
  clientId: OWN_CLIENT,
  device: deviceNameOf(env.incoming.headers['user-agent']),
  address: env.clientAddress,
  remember,
});
