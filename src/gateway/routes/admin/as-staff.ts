import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import { runStaffAction } from '../../../sessions/staff-action.ts';
import { isAddressAllowed } from '../../../users/authorization.ts';
import type { StaffAction } from '../../../users/pending-actions.ts';
import { type Actor, type Scope, scopesOf } from '../../../users/roles.ts';
import type { GatewayContext, RouteUser } from '../../pipeline/guards.ts';
import type { NotAuthenticated } from '../../pipeline/judgement.ts';

/** Why a member of staff may not act any more, although the request was authenticated before. */
export type StaffReason = NotAuthenticated['refusal']['reason'] | 'scope_missing';

interface StaffChange<Result> {
  /** What the route requires. It is checked again, with the present role. */
  scope: Scope;
  /** Changes another user. Every write gets the action, whose deadline Redis compares. */
  change: (action: StaffAction, actor: Actor) => Promise<Result>;
  record: (result: Result) => Promise<void>;
}

/**
 * Changes another user with the authority that the sender of the request has at that moment, and not the one that the
 * request was authenticated with. @throws {RedisUnavailable}
 */
export async function runAsStaff<Result>(
  redis: RedisStore,
  { env }: GatewayContext,
  { claims, checkAgain }: RouteUser,
  { scope, change, record }: StaffChange<Result>,
): Promise<Result | Refusal<StaffReason>> {
  const refusal = await checkAgain();
  if (refusal !== undefined) return refusal;
  return runStaffAction(redis, claims, {
    authorize: (authorization): undefined | Refusal<StaffReason> => {
      if (!isAddressAllowed(authorization, env.clientAddress)) return new Refusal('address_refused');
      return scopesOf(authorization.role).has(scope) ? undefined : new Refusal('scope_missing', scope);
    },
    change: (action) => change(action, { id: claims.sub, role: action.authorization.role }),
    record,
  });
}
