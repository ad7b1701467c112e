import { z } from 'zod';
import { revocationsChannel } from '../keys.ts';
import { checkReply, defineScript, runScriptOn } from '../scripts.ts';
import type { RedisStore } from '../store.ts';

/**
 * A script that takes authority away. It cannot be run by `runScript`, only by `runRevocation`, which has the revocation
 * remembered and confirmed.
 */
export interface RevocationScript {
  readonly script: ReturnType<typeof defineScript>;
}

/** Lua: `sessionIds(sessionsKey)` returns the ids of a user's sessions. */
export const SESSION_IDS_LUA = `
local function sessionIds(sessionsKey)
  local ids = {}
  for id in string.gmatch(redis.call('GET', sessionsKey) or '', '%S+') do table.insert(ids, id) end
  return ids
end`;

/**
 * Lua: `removeSession(sessionKey, dataKey)` removes a session and returns whether it was active. Every whitelist check
 * asks for the session's key, so all access tokens of the session are revoked with it. `unlistSessions(sessionsKey,
 * removed)` removes those whose id is a key of the table `removed` from the user's list, in one pass; the type of
 * `sessionsKey` has to be checked before. Nothing here needs memory before the deletion, so it works when Redis is full.
 */
export const REMOVE_SESSION_LUA = `${SESSION_IDS_LUA}
local function removeSession(sessionKey, dataKey)
  local wasActive = redis.call('DEL', sessionKey) == 1
  redis.call('DEL', dataKey)
  return wasActive
end
local function unlistSessions(sessionsKey, removed)
  local others = {}
  for _, id in ipairs(sessionIds(sessionsKey)) do
    if not removed[id] then table.insert(others, id) end
  end
  if others[1] then
    redis.call('SET', sessionsKey, table.concat(others, ' '), 'KEEPTTL')
  else
    redis.call('DEL', sessionsKey)
  end
end`;

/**
 * Defines a script that revokes. In it, `revoke(user, entry)` says what of which user has been revoked, and
 * `announce(user, entry)` the same for what nobody waits for. The entry is a table in the form of
 * `users/revocations/entry.ts`. It is published on the revocations channel after the script's last write, and returned to
 * the process that runs the script.
 */
export function defineRevocation(name: string, lua: string): RevocationScript {
  const script = defineScript(
    name,
    `
local message, isWaitedFor = '', 0
local function announce(user, entry)
  entry.user = user
  message = cjson.encode(entry)
end
local function revoke(user, entry)
  announce(user, entry)
  isWaitedFor = 1
end
local function decide()
${lua.trim()}
end
local reply = decide()
if message ~= '' then redis.pcall('PUBLISH', '${revocationsChannel()}', message) end
return { message, isWaitedFor, reply }
`,
  );
  return { script };
}

const revocationReply = z.tuple([z.string(), z.union([z.literal(0), z.literal(1)]), z.unknown()]);

/**
 * Runs a script that revokes, and resolves to what it returns. The revocation is then in the journal of this process.
 * @throws {RedisUnavailable} and {@link NotDurable} if too few servers confirm it in time. Within `deferConfirmations`,
 * the latter is left to `settleConfirmations`.
 */
export async function runRevocation(
  redis: RedisStore,
  { script }: RevocationScript,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  const { reply, client } = await runScriptOn(redis, script, keys, args);
  const [message, isWaitedFor, result] = checkReply(revocationReply, reply);
  if (message !== '') await redis.revocations?.add({ message, client, isWaitedFor: isWaitedFor === 1 });
  return result;
}
