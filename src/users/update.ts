import { type RedisLink, RedisUnavailable } from '../redis/connection.ts';
import { authzKey, resetKey, revocationsChannel, sessionKey, userKey, whitelistKey } from '../redis/keys.ts';
import { runScript } from '../redis/scripts.ts';
import { Refusal } from '../refusal.ts';
import { CHANGE_USER } from './scripts.ts';
import { registerSuperAdmin, releaseSuperAdmin } from './super-admins.ts';
import { findUser, type User } from './users.ts';

/** Tries to change a user while others change the same one. */
const TRIES = 50;

type Changeable = 'role' | 'status' | 'ranges' | 'passwordHash';

/** What is to become of a user. */
export interface UserChange {
  set?: Partial<Pick<User, Changeable>>;
  /** Which sessions end: all of them, or all but the one of this token. */
  end?: 'all' | { keepSid: string; keepJti: string };
  /** The id of a reset token that is used up by this; when it was already, nothing changes. */
  spendReset?: string;
}

export type ChangeReason = 'user_unknown' | 'last_super_admin' | 'reset_invalid';

/**
 * Changes a user in one step, on the ground of what is true in that very moment: `decide` sees the user, and if
 * somebody else changes them before the step is done, it is asked again. What it ends is over with the next request
 * at every gateway, however many sessions there are.
 *
 * @returns the user after the change
 * @throws {RedisUnavailable}
 */
export async function changeUser<Reason extends string>(
  redis: RedisLink,
  id: string,
  decide: (user: User) => UserChange | Refusal<Reason>,
): Promise<User | Refusal<Reason | ChangeReason>> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const user = await findUser(redis, id);
    if (user === undefined) return new Refusal('user_unknown');
    // The try before may have taken them off the list; whoever was faster put them on before that.
    if (tries > 0 && isSuperAdmin(user)) await registerSuperAdmin(redis, id, user.ver);
    const change = decide(user);
    if (change instanceof Refusal) return change;
    const outcome = await tryChange(redis, user, change);
    if (outcome !== 'changed') return outcome;
  }
  throw new RedisUnavailable('a user could not be changed: others are always faster');
}

async function tryChange(
  redis: RedisLink,
  user: User,
  change: UserChange,
): Promise<User | 'changed' | Refusal<'last_super_admin' | 'reset_invalid'>> {
  const { id } = user;
  const next = { ...user, ...change.set, ver: user.ver + 1 };
  const stepsDown = isSuperAdmin(user) && !isSuperAdmin(next);
  if (stepsDown && !(await releaseSuperAdmin(redis, id, next.ver))) return new Refusal('last_super_admin');
  const outcome = await apply(redis, user, change);
  if (outcome === 'changed') return outcome;
  if (outcome === 'spent') return new Refusal('reset_invalid', 'spent');
  if (isSuperAdmin(next)) await registerSuperAdmin(redis, id, next.ver);
  return next;
}

const isSuperAdmin = ({ role, status }: User): boolean => role === 'super-admin' && status === 'active';

async function apply(redis: RedisLink, { id, ver }: User, change: UserChange): Promise<string> {
  const { set = {}, end, spendReset = '' } = change;
  const keep = typeof end === 'object' ? end : undefined;
  const ending = keep === undefined ? (end ?? '') : 'others';
  const keys = [userKey(id), authzKey(id)];
  if (keep !== undefined) keys.push(sessionKey(id, keep.keepSid), whitelistKey(id, keep.keepJti));
  const about = [String(ver), revocationsChannel(), id, ending as string];
  const tokens = [resetKey(id, ''), spendReset, keep?.keepSid ?? '', whitelistKey(id, '')];
  const fields = Object.entries(set).flatMap(([name, value]) => [name, fieldOf(value)]);
  return String(await runScript(redis, CHANGE_USER, keys, [...about, ...tokens, ...fields]));
}

/** The text of a field, empty for one that goes. */
const fieldOf = (value: string | readonly string[] | undefined): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
