import { authzKey, resetKey, sessionDataKey, sessionKey, sessionsKey, userKey } from '../../redis/keys.ts';
import { REMOVE_SESSION_LUA } from '../../redis/revocations/script.ts';
import { defineScript, nameEntries } from '../../redis/scripts.ts';
import { AUTHORIZATION_LUA } from '../authorization.ts';
import { ROLES } from '../roles.ts';
import type { RevocationEntry } from './entry.ts';

const ARGUMENTS = nameEntries('ARGV', [
  'ver',
  'gen',
  'role',
  'status',
  'ranges',
  'passwordVer',
  'passwordHash',
  'passwordVia',
  'resetPrefix',
]);

/**
 * Applies revocations of one user again. Applying them twice, or where they are known, changes nothing.
 *
 * A session that has ended stays so. A replay only takes authority away: a user of no higher version than `ver` is
 * blocked, gets the lower role or the address ranges, and nobody is unblocked or promoted, because a failover may have lost
 * versions on either side. A user of a lower version also gets the password that was set in `passwordVer`. Otherwise only
 * the generation may go up; then a reset token and an unconfirmed email address are revoked, as by the change itself.
 *
 * It begins with a deletion, because a full Redis refuses a script only if its first write needs memory.
 *
 * KEYS: user, authz, sessions, then for each session: session, its data. ARGV: the named arguments, where `ver` is empty
 * without a change of the user, then the ids of the sessions. Returns 1.
 */
export const REPLAY_REVOCATIONS = defineScript(
  'revocations-replay',
  `${AUTHORIZATION_LUA}${REMOVE_SESSION_LUA}
${ARGUMENTS.lua}
local RANKS = { ${ROLES.map((role, rank) => `['${role}'] = ${rank + 1}`).join(', ')} }
local userKey, authzKey, sessionsKey = unpack(KEYS, 1, 3)
requireType('string', sessionsKey)
requireType('string', authzKey)
local current = redis.call('HMGET', userKey, 'ver', 'gen', 'role', 'status', 'ranges', 'resetJti')
local removed = {}
local presentVer, presentGen, nextRole, nextStatus, nextRanges, reset = unpack(current)

for i = ${ARGUMENTS.count + 1}, #ARGV do
  local at = 4 + 2 * (i - ${ARGUMENTS.count + 1})
  removeSession(KEYS[at], KEYS[at + 1])
  removed[ARGV[i]] = true
end
if next(removed) then unlistSessions(sessionsKey, removed) end
if ver == '' or not presentVer then return 1 end

local isOlder = tonumber(presentVer) < tonumber(ver)
local isBeforeEnd = tonumber(presentGen) < tonumber(gen)
local isStricter = false
if tonumber(presentVer) <= tonumber(ver) then
  if status == 'blocked' and nextStatus ~= 'blocked' then nextStatus, isStricter = 'blocked', true end
  if (RANKS[role] or 0) < (RANKS[nextRole] or 0) then nextRole, isStricter = role, true end
  if ranges ~= '' and ranges ~= nextRanges then nextRanges, isStricter = ranges, true end
end
if not isOlder and not isBeforeEnd and not isStricter then return 1 end
if not isBeforeEnd then gen = presentGen end
if not isOlder then ver = isStricter and presentVer + 1 or presentVer end
redis.call('DEL', authzKey)
if isBeforeEnd then
  if reset then redis.call('DEL', resetPrefix .. reset) end
  redis.call('HDEL', userKey, 'resetJti', 'pendingEmail')
end
if isOlder and passwordVer ~= '' and tonumber(presentVer) < tonumber(passwordVer) then
  redis.call('HDEL', userKey, 'passwordVia')
  redis.call('HSET', userKey, 'passwordHash', passwordHash)
  if passwordVia ~= '' then redis.call('HSET', userKey, 'passwordVia', passwordVia) end
end
redis.call('HSET', userKey, 'ver', ver, 'gen', gen, 'role', nextRole, 'status', nextStatus)
if nextRanges then redis.call('HSET', userKey, 'ranges', nextRanges) end
if nextStatus == 'active' then
  redis.call('SET', authzKey, writeAuthorization(nextRole, gen, nextRanges))
end
return 1
`,
);

/** The keys and arguments of {@link REPLAY_REVOCATIONS} for entries of one user. */
export function replayCall(
  user: string,
  entries: readonly RevocationEntry[],
): { keys: string[]; args: string[] } {
  const sessions = entries.flatMap(({ session }) => (session === undefined ? [] : [session]));
  const state = entries.find((entry) => entry.state !== undefined)?.state;
  const args = ARGUMENTS.list({
    ver: state?.ver ?? '',
    gen: state?.gen ?? '',
    role: state?.role ?? '',
    status: state?.status ?? '',
    ranges: state?.ranges ?? '',
    passwordVer: state?.passwordVer ?? '',
    passwordHash: state?.passwordHash ?? '',
    passwordVia: state?.passwordVia ?? '',
    resetPrefix: resetKey(user, ''),
  });
  const sessionKeys = sessions.flatMap((sid) => [sessionKey(user, sid), sessionDataKey(user, sid)]);
  return {
    keys: [userKey(user), authzKey(user), sessionsKey(user), ...sessionKeys],
    args: [...args, ...sessions],
  };
}
