import {
  activeKey,
  authzKey,
  pendingActionsKey,
  sessionKey,
  sessionsKey,
  whitelistKey,
} from '../redis/keys.ts';
import { defineRevocation, REMOVE_SESSION_LUA } from '../redis/revocations/script.ts';
import { nameEntries } from '../redis/scripts.ts';
import { WHITELIST_ENTRY_LUA } from '../redis/whitelist-entry.ts';
import { AUTHORIZATION_LUA } from '../users/authorization.ts';
import { PENDING_ACTIONS_LUA } from '../users/pending-actions.ts';
import type { TokenIdentity } from './whitelist.ts';

const KEYS = nameEntries('KEYS', [
  'authzKey',
  'sessionsKey',
  'sessionKey',
  'activeKey',
  'entryKey',
  'actionsKey',
]);

/** The keys. `jti` is the access token that the script adds to the whitelist. */
export const startKeys = ({ sub, sid, jti }: TokenIdentity): string[] =>
  KEYS.list({
    authzKey: authzKey(sub),
    sessionsKey: sessionsKey(sub),
    sessionKey: sessionKey(sub, sid),
    activeKey: activeKey(sub, sid),
    entryKey: whitelistKey(sub, jti),
    actionsKey: pendingActionsKey(sub),
  });

/**
 * `iat`, `exp` and `endsAt` are in seconds since the epoch. The prefixes build the keys of the user's other sessions:
 * they have the same hash tag, so they are in the same slot (Redis Cluster).
 */
export const START_ARGUMENTS = nameEntries('ARGV', [
  'sid',
  'jti',
  'nowMs',
  'iat',
  'exp',
  'endsAt',
  'idleMs',
  'maxSessions',
  'policy',
  'sessionPrefix',
  'activePrefix',
  'user',
  'clientId',
  'device',
  'address',
  'remember',
  'verifiedGeneration',
]);

/**
 * Starts a session, adds its first access token to the whitelist, and enforces the maximum number of sessions.
 *
 * Returns `inactive` (the user), `outdated` (all sessions were ended since the password was verified), `too_many`,
 * or `started`, the ids of the sessions that were evicted, and the actions that the user had begun as staff.
 */
export const START_SESSION = defineRevocation(
  'session-start',
  `${AUTHORIZATION_LUA}${WHITELIST_ENTRY_LUA}${REMOVE_SESSION_LUA}${PENDING_ACTIONS_LUA}
${KEYS.lua}
${START_ARGUMENTS.lua}
local authorization = redis.call('GET', authzKey)
if not authorization then return { 'inactive' } end
local generation = readGeneration(authorization)
if generation ~= tonumber(verifiedGeneration) then return { 'outdated' } end

requireType('hash', sessionKey)
local live, ended = {}, {}
for _, id in ipairs(redis.call('ZRANGE', sessionsKey, 0, -1)) do
  local createdMs, gen = unpack(redis.call('HMGET', sessionPrefix .. id, 'createdMs', 'gen'))
  local isLive = createdMs and tonumber(gen) == generation and redis.call('EXISTS', activePrefix .. id) == 1
  table.insert(isLive and live or ended, { sid = id, createdMs = tonumber(createdMs or 0) })
end
local surplus = #live - tonumber(maxSessions) + 1
if surplus > 0 and policy == 'refuse' then return { 'too_many' } end

local pending = surplus > 0 and pendingActions(actionsKey) or {}

local function remove(id) removeSession(id, sessionPrefix .. id, activePrefix .. id, sessionsKey) end
for _, session in ipairs(ended) do remove(session.sid) end
table.sort(live, function(a, b) return a.createdMs < b.createdMs end)
local evicted = {}
for i = 1, surplus do
  remove(live[i].sid)
  table.insert(evicted, live[i].sid)
end
redis.call('HSET', sessionKey, 'gen', generation, 'clientId', clientId, 'authTime', iat, 'device', device,
  'address', address, 'createdMs', nowMs, 'lastSeenMs', nowMs, 'endsAt', endsAt, 'remember', remember,
  'n', 0, 'movedAtMs', nowMs, 'jti', jti, 'iat', iat, 'exp', exp)
redis.call('PEXPIRE', sessionKey, idleMs)
redis.call('SET', activeKey, '1', 'PX', idleMs)
redis.call('ZADD', sessionsKey, endsAt, sid)
redis.call('EXPIREAT', sessionsKey, redis.call('ZRANGE', sessionsKey, -1, -1, 'WITHSCORES')[2])
redis.call('SET', entryKey, whitelistEntry(sid, generation), 'EXAT', exp)

if surplus > 0 then announce(user, { sessions = evicted }) end
return { 'started', evicted, pending }
`,
);
