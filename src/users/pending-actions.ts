import { setTimeout as delay } from 'node:timers/promises';
import { RedisUnavailable } from '../redis/connection.ts';
import { pendingActionsKey } from '../redis/keys.ts';
import type { RedisStore } from '../redis/store.ts';
import type { Authorization } from './authorization.ts';

/*
 * Nothing that staff have begun takes effect after the response to the revocation of their own authority.
 *
 * The actor and the user whom they change are in two hash slots, so no script can check the one and change the other.
 * Instead:
 *
 *   1 A script in the actor's slot checks the actor's token, session and authorization as they are now, and registers
 *     the action in the set `pendingActionsKey` for `ACTION_TTL_MS` (sessions/staff-action.ts).
 *   2 The script that changes the other user carries a deadline, `CHANGE_WITHIN_MS` after the registration, and
 *     changes nothing after it, however long the command was delayed.
 *   3 The registration is removed after the reply. Without a reply it stays until it expires, because the change may
 *     still be carried out before the deadline.
 *   4 Every revocation (of a session, of all sessions, of a role, address or password) is one script in the slot of
 *     the revoked user. It prevents new registrations and returns those that exist. The response waits until they are
 *     removed or expired, which takes `ACTION_TTL_MS` at most.
 *
 * All times are from Redis. Between two nodes of a cluster, clocks may differ by the difference of the two constants.
 */
export const ACTION_TTL_MS = 2000;
export const CHANGE_WITHIN_MS = 1500;

/** How often a revocation looks whether the actions that it waits for have ended. */
const POLL_MS = 10;

/**
 * Lua: `serverTimeMs()`, `pendingActions(key)` with the ids of the registered actions, and `isLate(deadlineMs)`, which
 * is false for an empty deadline.
 */
export const PENDING_ACTIONS_LUA = `
local function serverTimeMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function pendingActions(key) return redis.call('ZRANGEBYSCORE', key, '(' .. serverTimeMs(), '+inf') end
local function isLate(deadlineMs) return deadlineMs ~= '' and serverTimeMs() > tonumber(deadlineMs) end`;

/** A registered action of a member of staff. */
export interface StaffAction {
  /** What the actor is authorized to do, as read when the action was registered. */
  authorization: Authorization;
  /** In milliseconds by Redis's clock: no change is written later. */
  deadlineMs: number;
  /** The users whose authority this action has revoked, with the actions that they had begun. */
  overtaken: PendingActions[];
}

/** Actions of a user that were in progress when their authority was revoked. */
export interface PendingActions {
  userId: string;
  ids: readonly string[];
}

/** The deadline as an argument of a script; empty without an action. */
export const deadlineOf = (action: StaffAction | undefined): string =>
  action === undefined ? '' : String(action.deadlineMs);

/** The fault of a change that Redis received after its deadline. Nothing was changed. */
export const lateChange = (): RedisUnavailable => new RedisUnavailable('a change came after its deadline');

/**
 * Waits until the actions of a revoked user have ended. Within a staff action, they are only noted: two members of
 * staff who revoke each other would wait for each other. `sessions/staff-action.ts` waits when the action has ended.
 */
export async function settleRevocation(
  redis: RedisStore,
  pending: PendingActions,
  action?: StaffAction,
): Promise<void> {
  if (action === undefined) await whenEnded(redis, pending);
  else action.overtaken.push(pending);
}

/** Resolves when none of the actions can have an effect any more, after `ACTION_TTL_MS` at the latest. */
export async function whenEnded(redis: RedisStore, { userId, ids }: PendingActions): Promise<void> {
  const expiredAt = performance.now() + ACTION_TTL_MS;
  while (ids.length > 0 && performance.now() < expiredAt && (await isAnyRegistered(redis, userId, ids)))
    await delay(POLL_MS);
}

/** If Redis does not answer, they have to be assumed to be. */
async function isAnyRegistered(redis: RedisStore, userId: string, ids: readonly string[]): Promise<boolean> {
  try {
    const scores = await redis.runFor(pendingActionsKey(userId), (client) =>
      client.zmScore(pendingActionsKey(userId), [...ids]),
    );
    return scores.some((score) => score !== null);
  } catch (fault) {
    if (fault instanceof RedisUnavailable) return true;
    throw fault;
  }
}
