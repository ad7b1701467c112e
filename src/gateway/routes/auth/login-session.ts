import type { VerifiedProof } from '../../../jwt/dpop/proof.ts';
import type { RateLimiter } from '../../../redis/rate-limiter.ts';
import { OWN_CLIENT } from '../../../redis/session-record.ts';
import { Refusal } from '../../../refusal.ts';
import {
  type SessionDeps,
  type SessionOpener,
  type StartedSession,
  type StartReason,
  startSession,
} from '../../../sessions/start.ts';
import type { User } from '../../../users/users.ts';
import type { PossessionDeps } from '../../pipeline/possession.ts';
import type { RequestContext } from '../../request-context.ts';
import { deviceNameOf } from './device-name.ts';

export interface LoginSessionDeps extends SessionDeps {
  /** Counts logins with the right password by user id, in the slot of the user's keys. */
  loginRate: RateLimiter;
  possession: PossessionDeps;
}

/** What a user with the right password has requested. */
export interface RequestedSession {
  remember: boolean;
  /** That the client holds a key, to which the session is bound. */
  proof: VerifiedProof | undefined;
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
  const { proof } = requested;
  if (proof === undefined && possession.bindingRequiredFor.has(user.role))
    return new Refusal('login_binding_required');
  const opener: SessionOpener = {
    ...openerOf(context, user, requested),
    ...(proof === undefined ? {} : { proof, confirmation: { jkt: proof.jkt } }),
    limit: loginRate.counterOf(user.id),
  };
  return startSession(deps, opener, context.nowMs);
}

const openerOf = (context: RequestContext, user: User, { remember }: RequestedSession): SessionOpener => ({
  userId: user.id,
  role: user.role,
  verifiedGeneration: user.generation,
  ranges: user.ranges,
  clientId: OWN_CLIENT,
  device: deviceNameOf(context.incoming.headers['user-agent']),
  address: context.clientAddress,
  remember,
});
