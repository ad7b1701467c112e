import type { RateLimiter } from '../../../redis/rate-limiter.ts';
import { Refusal } from '../../../refusal.ts';
import {
  type SessionDeps,
  type SessionOpener,
  type StartedSession,
  type StartReason,
  startSession,
} from '../../../sessions/start.ts';
import type { User } from '../../../users/users.ts';
import { lacksRequiredBinding, type PossessionDeps } from '../../pipeline/possession.ts';
import type { RequestContext } from '../../request-context.ts';
import type { LoginClient } from '../oauth/public-client.ts';
import { deviceNameOf } from './device-name.ts';

export interface LoginSessionDeps extends SessionDeps {
  /** Counts logins with the right password by user id, in the slot of the user's keys. */
  loginRate: RateLimiter;
  possession: PossessionDeps;
}

/** What a user with the right password has requested. */
export interface RequestedSession extends LoginClient {
  remember: boolean;
}

type LoginSessionReason = StartReason | 'login_binding_required';

/** Why a user with the right password gets no session, and may know it. */
const NO_SESSION = ['too_many_sessions', 'proof_replayed', 'login_binding_required'] as const;
export type NoSessionReason = (typeof NO_SESSION)[number];

export const isNoSessionReason = (reason: string): reason is NoSessionReason =>
  (NO_SESSION as readonly string[]).includes(reason);

/** Starts a session for a user whose password was right, and counts the login. @throws {RedisUnavailable} */
export async function openSession(
  { loginRate, possession, ...deps }: LoginSessionDeps,
  user: User,
  requested: RequestedSession,
  context: RequestContext,
): Promise<StartedSession | Refusal<LoginSessionReason>> {
  if (lacksRequiredBinding(possession, requested.confirmation, user.role))
    return refuseUnbound(loginRate, user.id, context.nowMs);
  const opener: SessionOpener = {
    ...openerOf(context, user, requested),
    limit: loginRate.counterOf(user.id),
  };
  return startSession(deps, opener, context.nowMs);
}

/** The password was right, so the login counts. */
async function refuseUnbound(
  loginRate: RateLimiter,
  userId: string,
  nowMs: number,
): Promise<Refusal<'login_rate_exceeded' | 'login_binding_required'>> {
  const retryAfterSeconds = await loginRate.take(userId, nowMs);
  return retryAfterSeconds > 0
    ? new Refusal('login_rate_exceeded', { retryAfterSeconds })
    : new Refusal('login_binding_required');
}

const openerOf = (context: RequestContext, user: User, requested: RequestedSession): SessionOpener => ({
  userId: user.id,
  role: user.role,
  verifiedGeneration: user.generation,
  ranges: user.ranges,
  clientId: requested.clientId,
  confirmation: requested.confirmation,
  proof: requested.proof,
  device: deviceNameOf(context.incoming.headers['user-agent']),
  address: context.clientAddress,
  remember: requested.remember,
});
