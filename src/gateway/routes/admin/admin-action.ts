import type { AuditAction, AuditLog } from '../../../audit/event.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import { mayActOn, type Scope } from '../../../users/roles.ts';
import { type ChangeReason, changeUser, type UserChange } from '../../../users/update.ts';
import type { User } from '../../../users/users.ts';
import type { GatewayContext, RouteUser } from '../../pipeline/guards.ts';
import { recordEvent, recordRevocation } from '../../request-context.ts';
import { runAsStaff, type StaffReason } from './as-staff.ts';

/** A change of a user by staff, and its audit record. */
export interface AdminAction {
  action: AuditAction;
  /** By default `users:manage`. */
  scope?: Scope;
  detail?: string;
  /** Whether it only takes authority away. Then it stands even if it cannot be recorded. */
  isRevocation?: boolean;
  change: (user: User) => UserChange | Refusal<'reset_undeliverable'>;
  /** What follows the change, under the same authority. */
  follow?: (user: User) => Promise<void>;
}

export interface AdminActionDeps {
  redis: RedisStore;
  audit: AuditLog;
}

type Outcome =
  | User
  | Refusal<ChangeReason | StaffReason | 'own_account' | 'rank_too_low' | 'reset_undeliverable'>;

/** Changes the user if the actor is allowed to at that moment, and records the outcome. */
export function runAdminAction(
  deps: AdminActionDeps,
  c: GatewayContext,
  who: RouteUser,
  action: AdminAction,
): Promise<Outcome> {
  const subject = c.req.param('id') ?? '';
  const users = { actor: who.claims.sub, role: who.authorization.role, subject };
  const record = (outcome: Outcome) => recordOutcome(deps, c, users, action, outcome);
  return runAsStaff<Outcome>(deps.redis, c, who, {
    scope: action.scope ?? 'users:manage',
    change: async (staffAction, actor) => {
      const decide = (user: User) => mayActOn(actor, user) ?? action.change(user);
      const user = await changeUser(deps.redis, subject, decide, staffAction);
      if (user instanceof Refusal) return user;
      // The fault ends the action without its record, but the user has been changed.
      await action.follow?.(user).catch(async (fault) => {
        await record(user);
        throw fault;
      });
      return user;
    },
    record,
  });
}

async function recordOutcome(
  { audit }: AdminActionDeps,
  { env }: GatewayContext,
  users: { actor: string; role: string; subject: string },
  { action, detail, isRevocation = false }: AdminAction,
  outcome: Outcome,
): Promise<void> {
  if (outcome instanceof Refusal && outcome.reason === 'user_unknown') return;
  if (outcome instanceof Refusal)
    await recordEvent(audit, env, { action, ...users, result: 'refused', detail: outcome.reason });
  else
    await (isRevocation ? recordRevocation : recordEvent)(audit, env, {
      action,
      ...users,
      result: 'done',
      detail,
    });
}
