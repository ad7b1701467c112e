import { z } from 'zod';
import { pendingActionsKey, sessionDataKey, sessionKey, sessionsKey, whitelistKey } from '../redis/keys.ts';
import { settleConfirmations } from '../redis/replication/deferred.ts';
import { defineRevocation, REMOVE_SESSION_LUA, runRevocation } from '../redis/revocations/script.ts';
import { checkReply } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';
import {
  deadlineOf,
  lateChange,
  PENDING_ACTIONS_LUA,
  type StaffAction,
  settleRevocation,
} from '../users/pending-actions.ts';

const endReply = z.tuple([z.enum(['ended', 'unknown', 'late']), z.array(z.string())]);
const endOthersReply = z.tuple([z.int(), z.array(z.string())]);

/**
 * KEYS: sessions, session, its data, pending actions, and optionally a whitelist entry to delete. ARGV: sid,
 * user id, deadline. Returns `ended`, `unknown` if there was no such session that was active, or `late`, and the
 * actions that the user had begun as staff. An unknown session is announced as well: if the response to its end was lost,
 * the repeated request has to be confirmed like the first.
 */
const END_SESSION = defineRevocation(
  'session-end',
  `${REMOVE_SESSION_LUA}${PENDING_ACTIONS_LUA}
local sessionsKey, sessionKey, dataKey, actionsKey, entryKey = unpack(KEYS)
local sid, user, deadline = unpack(ARGV)
if isLate(deadline) then return { 'late', {} } end
requireType('string', sessionsKey)
local pending = pendingActions(actionsKey)
local wasActive = removeSession(sessionKey, dataKey)
unlistSessions(sessionsKey, { [sid] = true })
if entryKey then redis.call('DEL', entryKey) end
revoke(user, { sessions = { sid } })
return { wasActive and 'ended' or 'unknown', pending }
`,
);

/**
 * KEYS: sessions, pending actions. ARGV: the session to keep or nothing, prefix of the session keys, prefix of the
 * keys of their data, user id. Returns how many of the ended sessions were active, and the actions that the user had
 * begun as staff.
 */
const END_OTHER_SESSIONS = defineRevocation(
  'session-end-others',
  `${REMOVE_SESSION_LUA}${PENDING_ACTIONS_LUA}
local keep, sessionPrefix, dataPrefix, user = unpack(ARGV)
local pending = pendingActions(KEYS[2])
local ended, sessions, removed = 0, {}, {}
for _, sid in ipairs(sessionIds(KEYS[1])) do
  if sid ~= keep then
    table.insert(sessions, sid)
    removed[sid] = true
    if removeSession(sessionPrefix .. sid, dataPrefix .. sid) then ended = ended + 1 end
  end
end
if sessions[1] then unlistSessions(KEYS[1], removed) end
revoke(user, { sessions = sessions[1] and sessions })
return { ended, pending }
`,
);

interface EndOptions {
  /** The access token whose whitelist entry is deleted now instead of when it expires. */
  jti?: string | undefined;
  /** The staff action that ends the session. */
  action?: StaffAction;
}

/**
 * Ends a session and returns whether it was active. Once this resolves, every gateway rejects its tokens, and nothing
 * that the user had begun as staff can take effect any more. @throws {RedisUnavailable}
 */
export async function endSession(
  redis: RedisStore,
  sub: string,
  sid: string,
  { jti, action }: EndOptions = {},
): Promise<boolean> {
  const keys = [sessionsKey(sub), sessionKey(sub, sid), sessionDataKey(sub, sid), pendingActionsKey(sub)];
  if (jti !== undefined) keys.push(whitelistKey(sub, jti));
  const args = [sid, sub, deadlineOf(action)];
  const [outcome, ids] = checkReply(endReply, await runRevocation(redis, END_SESSION, keys, args));
  if (outcome === 'late') throw lateChange();
  await settleRevocation(redis, { userId: sub, ids }, action);
  // There is nothing to record, so nobody else waits for it.
  if (outcome === 'unknown') await settleConfirmations();
  return outcome === 'ended';
}

/**
 * Ends all sessions of a user except `keep`, and returns how many were active. It resolves as late as `endSession`.
 * @throws {RedisUnavailable}
 */
export async function endOtherSessions(redis: RedisStore, sub: string, keep?: string): Promise<number> {
  const keys = [sessionsKey(sub), pendingActionsKey(sub)];
  const args = [keep ?? '', sessionKey(sub, ''), sessionDataKey(sub, ''), sub];
  const [ended, ids] = checkReply(endOthersReply, await runRevocation(redis, END_OTHER_SESSIONS, keys, args));
  await settleRevocation(redis, { userId: sub, ids });
  return ended;
}
