import { RedisUnavailable } from '../redis/connection.ts';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';
import { type ChangeOutcome, type UserChange, writeChange } from './change-script.ts';
import { lateChange, type StaffAction, settleRevocation } from './pending-actions.ts';
import { isSuperAdmin, needsAnother, registerSuperAdmin, releaseSuperAdmin } from './super-admins.ts';
import { findUser, type User } from './users.ts';

/** Attempts to change a user while other processes change the same user. */
const MAX_ATTEMPTS = 50;

export type { UserChange };
export type ChangeReason = 'user_unknown' | 'last_super_admin' | 'reset_invalid' | 'session_over';

/**
 * Changes a user in one step. `decide` sees the current user, and is called again if another process changes the
 * user before the step is done. Sessions that the change ends are revoked with the next request at every gateway,
 * however many there are. Resolves when nothing that the user had begun as staff can take effect any more.
 *
 * @param action the staff action that this change belongs to
 * @returns the user after the change
 * @throws {RedisUnavailable}
 */
export async function changeUser<Reason extends string>(
  redis: RedisStore,
  id: string,
  decide: (user: User) => UserChange | Refusal<Reason>,
  action?: StaffAction,
): Promise<User | Refusal<Reason | ChangeReason>> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const user = await findUser(redis, id);
    if (user === undefined) return new Refusal('user_unknown');
    // The previous attempt may have removed the user from the list of super-admins.
    if (attempt > 0 && isSuperAdmin(user)) await registerSuperAdmin(redis, user);
    const change = decide(user);
    if (change instanceof Refusal) return change;
    const outcome = await tryChange(redis, user, change, action);
    if (outcome !== 'changed') return outcome;
  }
  throw new RedisUnavailable('a user could not be changed: other processes kept changing it');
}

async function tryChange(
  redis: RedisStore,
  user: User,
  change: UserChange,
  action: StaffAction | undefined,
): Promise<User | 'changed' | Refusal<ChangeReason>> {
  const { id: userId } = user;
  const next = { ...user, ...change.set, version: user.version + 1 };
  const stepsDown = needsAnother(user, next);
  if (stepsDown && !(await releaseSuperAdmin(redis, userId, next.version)))
    return new Refusal('last_super_admin');
  const { outcome, pending } = await writeChange(redis, user, change, action);
  if (outcome === 'changed') return outcome;
  if (outcome !== 'done') {
    // Registers the user as a super-admin again, under a version of its own.
    if (stepsDown) await changeUser(redis, userId, () => ({}));
    return refusalOf(outcome);
  }
  if (isSuperAdmin(next)) await registerSuperAdmin(redis, next);
  await settleRevocation(redis, { userId, ids: pending }, action);
  return next;
}

/** Why Redis has changed nothing. @throws {RedisUnavailable} if the change was late */
function refusalOf(outcome: Exclude<ChangeOutcome, 'changed' | 'done'>): Refusal<ChangeReason> {
  if (outcome === 'late') throw lateChange();
  return outcome === 'consumed'
    ? new Refusal('reset_invalid', 'used or replaced')
    : new Refusal('session_over');
}
