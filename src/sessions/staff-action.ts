import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { RedisUnavailable } from '../redis/connection.ts';
import { authzKey, pendingActionsKey, sessionKey, whitelistKey } from '../redis/keys.ts';
import { checkReply, defineScript, runScript } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';
import type { Authorization } from '../users/authorization.ts';
import {
  ACTION_TTL_MS,
  CHANGE_WITHIN_MS,
  PENDING_ACTIONS_LUA,
  type StaffAction,
  whenEnded,
} from '../users/pending-actions.ts';
import { judgeWhitelist, type TokenIdentity, type WhitelistReason } from './whitelist.ts';

/**
 * Reads what `checkWhitelist` reads and, if nothing is missing, registers an action.
 * KEYS: whitelist entry, session, authz, pending actions. ARGV: id of the action, its lifetime (ms).
 * Returns the texts of the first three keys, and the server's time (ms). It begins with a deletion, because a full Redis
 * refuses a script only if its first write needs memory.
 */
const BEGIN_ACTION = defineScript(
  'staff-action-begin',
  `${PENDING_ACTIONS_LUA}
local id, ttlMs = ARGV[1], tonumber(ARGV[2])
local entry, session, authz = unpack(redis.call('MGET', KEYS[1], KEYS[2], KEYS[3]))
local now = serverTimeMs()
if entry and session and authz then
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)
  redis.call('ZADD', KEYS[4], now + ttlMs, id)
  redis.call('PEXPIRE', KEYS[4], ttlMs)
end
return { entry, session, authz, now }
`,
);

interface RegisteredAction extends StaffAction {
  id: string;
  /** By this process's monotonic clock, in milliseconds: before the registration. */
  begunAt: number;
}

interface StaffActionOptions<Reason extends string, Result> {
  /** Judges the actor's authorization as it is now. */
  authorize: (authorization: Authorization) => undefined | Refusal<Reason>;
  /** Changes the other user. What takes long, such as hashing a password, has to be done before. */
  change: (action: StaffAction) => Promise<Result>;
  /** Records the result. */
  record: (result: Result) => Promise<void>;
}

/**
 * Changes another user while the actor's authority is registered as in use (`users/pending-actions.ts`).
 * @throws {RedisUnavailable} also if the action was not finished in time
 */
export async function runStaffAction<Reason extends string, Result>(
  redis: RedisStore,
  actor: TokenIdentity,
  { authorize, change, record }: StaffActionOptions<Reason, Result>,
): Promise<Result | Refusal<Reason | WhitelistReason>> {
  const action = await begin(redis, actor);
  if (action instanceof Refusal) return action;
  const refusal = authorize(action.authorization);
  if (refusal !== undefined) {
    await end(redis, actor.sub, action);
    return refusal;
  }
  const result = await change(action);
  // Not after a fault: a change that got no reply may still be carried out before its deadline.
  await end(redis, actor.sub, action);
  const isLate = performance.now() - action.begunAt >= ACTION_TTL_MS;
  await Promise.all([record(result), ...action.overtaken.map((pending) => whenEnded(redis, pending))]);
  if (isLate) throw new RedisUnavailable('a staff action was not finished in time');
  return result;
}

/** A whitelist lookup, and the time of Redis in milliseconds. */
const beginReply = z.tuple([z.unknown(), z.unknown(), z.unknown(), z.int()]);

async function begin(
  redis: RedisStore,
  actor: TokenIdentity,
): Promise<RegisteredAction | Refusal<WhitelistReason>> {
  const { sub, sid, jti } = actor;
  const id = randomBytes(16).toString('base64url');
  const begunAt = performance.now();
  const keys = [whitelistKey(sub, jti), sessionKey(sub, sid), authzKey(sub), pendingActionsKey(sub)];
  const reply = checkReply(
    beginReply,
    await runScript(redis, BEGIN_ACTION, keys, [id, String(ACTION_TTL_MS)]),
  );
  const authorization = judgeWhitelist(reply.slice(0, 3));
  if (authorization instanceof Refusal) {
    await end(redis, sub, { id });
    return authorization;
  }
  return { id, begunAt, authorization, deadlineMs: Number(reply[3]) + CHANGE_WITHIN_MS, overtaken: [] };
}

/** If it cannot be removed, it expires. */
async function end(redis: RedisStore, sub: string, { id }: Pick<RegisteredAction, 'id'>): Promise<void> {
  await redis
    .runFor(pendingActionsKey(sub), (client) => client.zRem(pendingActionsKey(sub), id))
    .catch((fault: unknown) => {
      if (!(fault instanceof RedisUnavailable)) throw fault;
    });
}
