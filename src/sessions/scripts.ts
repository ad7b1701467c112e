import { activeKey, authzKey, sessionKey, sessionsKey, whitelistKey } from '../redis/keys.ts';
import { defineScript, nameEntries } from '../redis/scripts.ts';
import { WHITELIST_ENTRY_LUA } from '../redis/whitelist-entry.ts';
import { AUTHORIZATION_LUA } from '../users/authorization.ts';
import { REMOVE_SESSION_LUA } from './end.ts';
import type { TokenIdentity } from './whitelist.ts';

const KEYS = nameEntries('KEYS', ['authzKey', 'sessionsKey', 'sessionKey', 'activeKey', 'entryKey']);

/** The keys of both scripts. `jti` is the access token that they add to the whitelist. */
export const scriptKeys = ({ sub, sid, jti }: TokenIdentity): string[] =>
  KEYS.list({
    authzKey: authzKey(sub),
    sessionsKey: sessionsKey(sub),
    sessionKey: sessionKey(sub, sid),
    activeKey: activeKey(sub, sid),
    entryKey: whitelistKey(sub, jti),
  });

const LUA = `${AUTHORIZATION_LUA}${WHITELIST_ENTRY_LUA}${REMOVE_SESSION_LUA}
${KEYS.lua}`;

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
  'channel',
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
 * or `started` and the ids of the sessions that were evicted.
 */
export const START_SESSION = defineScript(
  'session-start',
  `${LUA}
${START_ARGUMENTS.lua}
local authorization = redis.call('GET', authzKey)
if not authorization then return { 'inactive' } end
local generation = readGeneration(authorization)
if generation ~= tonumber(verifiedGeneration) then return { 'outdated' } end

local live, ended = {}, {}
for _, id in ipairs(redis.call('ZRANGE', sessionsKey, 0, -1)) do
  local createdMs, gen = unpack(redis.call('HMGET', sessionPrefix .. id, 'createdMs', 'gen'))
  local isLive = createdMs and tonumber(gen) == generation and redis.call('EXISTS', activePrefix .. id) == 1
  table.insert(isLive and live or ended, { sid = id, createdMs = tonumber(createdMs or 0) })
end
local surplus = #live - tonumber(maxSessions) + 1
if surplus > 0 and policy == 'refuse' then return { 'too_many' } end

local function remove(id) removeSession(id, sessionPrefix .. id, activePrefix .. id, sessionsKey) end
for _, session in ipairs(ended) do remove(session.sid) end
table.sort(live, function(a, b) return a.createdMs < b.createdMs end)
local reply = { 'started' }
for i = 1, surplus do
  remove(live[i].sid)
  table.insert(reply, live[i].sid)
end
redis.call('HSET', sessionKey, 'gen', generation, 'clientId', clientId, 'authTime', iat, 'device', device,
  'address', address, 'createdMs', nowMs, 'lastSeenMs', nowMs, 'endsAt', endsAt, 'remember', remember,
  'n', 0, 'movedAtMs', nowMs, 'jti', jti, 'iat', iat, 'exp', exp)
redis.call('PEXPIRE', sessionKey, idleMs)
redis.call('SET', activeKey, '1', 'PX', idleMs)
redis.call('ZADD', sessionsKey, endsAt, sid)
redis.call('EXPIREAT', sessionsKey, redis.call('ZRANGE', sessionsKey, -1, -1, 'WITHSCORES')[2])
redis.call('SET', entryKey, whitelistEntry(sid, generation), 'EXAT', exp)

if surplus > 0 then redis.call('PUBLISH', channel, user) end
return reply
`,
);

export const REFRESH_ARGUMENTS = nameEntries('ARGV', [
  'sid',
  'refreshCount',
  'nowMs',
  'graceMs',
  'jti',
  'iat',
  'exp',
  'channel',
  'user',
]);

/**
 * Compares and advances a session's refresh counter, and adds the next access token to the whitelist.
 *
 * If Redis hung, this script can run long after the client was sent a 503, when the client is about to retry. The
 * grace window starts when the counter advances, so the server's clock counts where the caller's is behind.
 *
 * Returns `gone` (the session is ended, idle or expired, or the user is blocked), `unknown` (a counter that was never
 * reached), `reuse` (a token from before the grace window: the session has been ended), or `advanced` or `again`
 * with the current state: counter, jti, iat, exp, client id, auth time, end (s), remember.
 */
export const REFRESH_SESSION = defineScript(
  'session-refresh',
  `${LUA}
${REFRESH_ARGUMENTS.lua}
local time = redis.call('TIME')
local now = math.max(tonumber(nowMs), time[1] * 1000 + math.floor(time[2] / 1000))
local authorization = redis.call('GET', authzKey)
local current, advancedAtMs, gen, endsAt = unpack(redis.call('HMGET', sessionKey, 'n', 'movedAtMs', 'gen', 'endsAt'))
if not authorization or not current or tonumber(gen) ~= readGeneration(authorization) then return { 'gone' } end
if redis.call('EXISTS', activeKey) == 0 or tonumber(endsAt) <= tonumber(iat) then return { 'gone' } end
local behind = current - refreshCount
if behind < 0 then return { 'unknown' } end

local verdict = 'again'
if behind == 0 then
  verdict = 'advanced'
  if tonumber(exp) > tonumber(endsAt) then exp = endsAt end
  redis.call('HSET', sessionKey, 'n', current + 1, 'movedAtMs', now, 'jti', jti, 'iat', iat, 'exp', exp)
  redis.call('SET', entryKey, whitelistEntry(sid, gen), 'EXAT', exp)
elseif behind > 1 or now - advancedAtMs >= tonumber(graceMs) then
  removeSession(sid, sessionKey, activeKey, sessionsKey)
  redis.call('PUBLISH', channel, user)
  return { 'reuse' }
end
return { verdict, unpack(redis.call('HMGET', sessionKey, 'n', 'jti', 'iat', 'exp', 'clientId', 'authTime', 'endsAt', 'remember')) }
`,
);
