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

/** The keys. `jti` is the access token that the script adds to the whitelist if it advances the counter. */
export const refreshKeys = ({ sub, sid, jti }: TokenIdentity): string[] =>
  KEYS.list({
    authzKey: authzKey(sub),
    sessionsKey: sessionsKey(sub),
    sessionKey: sessionKey(sub, sid),
    activeKey: activeKey(sub, sid),
    entryKey: whitelistKey(sub, jti),
    actionsKey: pendingActionsKey(sub),
  });

/** `iat` and `exp` are in seconds since the epoch. `client` identifies the network and the user agent. */
export const REFRESH_ARGUMENTS = nameEntries('ARGV', [
  'sid',
  'refreshCount',
  'nowMs',
  'graceMs',
  'jti',
  'iat',
  'exp',
  'user',
  'address',
  'device',
  'client',
]);

/**
 * Compares and advances a session's refresh counter, and adds the next access token to the whitelist.
 *
 * The grace window starts when the counter advances and is measured by two clocks, each against itself: Redis's, which
 * also counts while a script waits for a Redis that hangs, and the callers', where the later of both counts. It is over
 * when either says so, so no clock that is ahead extends it.
 *
 * A gateway whose clock is behind that of the login dates the token to the login: `auth_time` is never after `iat`.
 *
 * Returns `gone` (the session is ended, idle or expired, or the user is blocked); `unknown` (a counter that was never
 * reached); `reuse` (a token from before the grace window, or within it from another client: the session has been
 * ended), with the address of the last refresh and the actions that the user had begun as staff; or `advanced` or
 * `again` with the current state: counter, jti, iat, exp, client id, auth time, end (s), remember, address.
 */
export const REFRESH_SESSION = defineRevocation(
  'session-refresh',
  `${AUTHORIZATION_LUA}${WHITELIST_ENTRY_LUA}${REMOVE_SESSION_LUA}${PENDING_ACTIONS_LUA}
${KEYS.lua}
${REFRESH_ARGUMENTS.lua}
local serverMs = serverTimeMs()
local callerMs = math.max(tonumber(nowMs), serverMs)
local authorization = redis.call('GET', authzKey)
local current, movedAtMs, movedServerMs, gen, endsAt, lastClient, lastAddress, authTime = unpack(redis.call('HMGET',
  sessionKey, 'n', 'movedAtMs', 'movedServerMs', 'gen', 'endsAt', 'client', 'address', 'authTime'))
if not authorization or not current or tonumber(gen) ~= readGeneration(authorization) then return { 'gone' } end
if redis.call('EXISTS', activeKey) == 0 or tonumber(endsAt) <= tonumber(iat) then return { 'gone' } end
local behind = current - refreshCount
if behind < 0 then return { 'unknown' } end

local elapsedMs = math.max(callerMs - movedAtMs, serverMs - (movedServerMs or serverMs))
local verdict = 'again'
if behind == 0 then
  verdict = 'advanced'
  local behindSeconds = tonumber(authTime) - iat
  if behindSeconds > 0 then iat, exp = authTime, string.format('%.0f', exp + behindSeconds) end
  if tonumber(exp) > tonumber(endsAt) then exp = endsAt end
  redis.call('HSET', sessionKey, 'n', current + 1, 'movedAtMs', callerMs, 'movedServerMs', serverMs, 'jti', jti,
    'iat', iat, 'exp', exp, 'address', address, 'device', device, 'client', client)
  redis.call('SET', entryKey, whitelistEntry(sid, gen), 'EXAT', exp)
elseif behind > 1 or elapsedMs >= tonumber(graceMs) or client ~= lastClient then
  requireType('zset', sessionsKey)
  local pending = pendingActions(actionsKey)
  removeSession(sid, sessionKey, activeKey, sessionsKey)
  revoke(user, { sessions = { sid } })
  return { 'reuse', lastAddress, pending }
end
return { verdict, unpack(redis.call('HMGET', sessionKey,
  'n', 'jti', 'iat', 'exp', 'clientId', 'authTime', 'endsAt', 'remember', 'address')) }
`,
);
