import { COUNTERS_LUA } from '../../redis/counter-scripts.ts';
import { authzKey, pendingActionsKey, sessionKey, sessionsKey, whitelistKey } from '../../redis/keys.ts';
import type { Counter } from '../../redis/rate-limiter.ts';
import { defineRevocation, REMOVE_SESSION_LUA } from '../../redis/revocations/script.ts';
import { nameEntries } from '../../redis/scripts.ts';
import { SESSION_RECORD_LUA } from '../../redis/session-record.ts';
import { WHITELIST_ENTRY_LUA } from '../../redis/whitelist-entry.ts';
import { AUTHORIZATION_LUA } from '../../users/authorization.ts';
import { PENDING_ACTIONS_LUA } from '../../users/pending-actions.ts';
import { USED_PROOFS_LUA } from '../used-proofs.ts';
import type { TokenIdentity } from '../whitelist.ts';

const KEYS = nameEntries('KEYS', [
  'authzKey',
  'sessionsKey',
  'sessionKey',
  'entryKey',
  'actionsKey',
  'proofKey',
]);

/**
 * The keys. `jti` is the access token that the script adds to the whitelist. The last one is the counter of the user's
 * logins, if they are limited.
 */
export const startKeys = (
  { sub, sid, jti }: TokenIdentity,
  proofKey: string,
  limit: Counter | undefined,
): string[] => [
  ...KEYS.list({
    authzKey: authzKey(sub),
    sessionsKey: sessionsKey(sub),
    sessionKey: sessionKey(sub, sid),
    entryKey: whitelistKey(sub, jti),
    actionsKey: pendingActionsKey(sub),
    proofKey,
  }),
  ...(limit === undefined ? [] : [limit.key]),
];

/**
 * `iat`, `exp` and `endsAt` are in seconds since the epoch. The prefixes build the keys of the user's other sessions:
 * they have the same hash tag, so they are in the same slot (Redis Cluster). `verified` is the user's authorization that
 * the caller has judged.
 */
export const START_ARGUMENTS = nameEntries('ARGV', [
  'sid',
  'nowMs',
  'iat',
  'exp',
  'endsAt',
  'idleMs',
  'maxSessions',
  'policy',
  'sessionPrefix',
  'dataPrefix',
  'user',
  'clientId',
  'device',
  'address',
  'remember',
  'verifiedGeneration',
  'verified',
  'loginsMax',
  'loginsWindowMs',
  'binding',
  'proofMs',
]);

/**
 * Starts a session, adds its first access token to the whitelist, and enforces the maximum number of sessions and of
 * logins in a window. A login that is one session too many, or whose proof was used before, counts as well: its password
 * was right.
 *
 * Returns `replayed` (the proof of possession), `inactive` (the user), `outdated` (all sessions were ended since the password was verified), `judge` and the
 * authorization, if it is not the one that the caller has judged: then nothing has changed; `surplus` (a login too many)
 * and the milliseconds until the window ends; `too_many`; or `started`, the ids of the sessions that were evicted, and the
 * actions that the user had begun as staff.
 */
export const START_SESSION = defineRevocation(
  'session-start',
  `${AUTHORIZATION_LUA}${WHITELIST_ENTRY_LUA}${SESSION_RECORD_LUA}${REMOVE_SESSION_LUA}${PENDING_ACTIONS_LUA}${COUNTERS_LUA}${USED_PROOFS_LUA}
${KEYS.lua}
local loginsKey = KEYS[${KEYS.count + 1}]
${START_ARGUMENTS.lua}
local authorization = redis.call('GET', authzKey)
if not authorization then return { 'inactive' } end
local generation = readGeneration(authorization)
if generation ~= tonumber(verifiedGeneration) then return { 'outdated' } end
if authorization ~= verified then return { 'judge', authorization } end

local now = math.floor(tonumber(nowMs))
local logins = loginsKey and readCounter(loginsKey, now)
if logins then
  if logins.count >= tonumber(loginsMax) then return { 'surplus', math.max(1, math.ceil(logins.ends - now)) } end
  addTo(logins, now, tonumber(loginsWindowMs))
end
if isUsedProof(proofKey, proofMs) then
  if logins then writeCounter(loginsKey, logins, now) end
  return { 'replayed' }
end

local live, ended = {}, {}
for _, id in ipairs(sessionIds(sessionsKey)) do
  local session = readSession(sessionPrefix .. id)
  local isLive = session and session.generation == generation
  table.insert(isLive and live or ended, { sid = id, createdMs = session and session.createdMs,
    endsAt = session and session.endsAt })
end
local surplus = #live - tonumber(maxSessions) + 1
if surplus > 0 and policy == 'refuse' then
  if logins then writeCounter(loginsKey, logins, now) end
  return { 'too_many' }
end

local pending = surplus > 0 and pendingActions(actionsKey) or {}

local function remove(id) removeSession(sessionPrefix .. id, dataPrefix .. id) end
for _, session in ipairs(ended) do remove(session.sid) end
table.sort(live, function(a, b) return a.createdMs < b.createdMs end)
local evicted = {}
for i = 1, surplus do
  remove(live[i].sid)
  table.insert(evicted, live[i].sid)
end
if logins then writeCounter(loginsKey, logins, now) end
redis.call('SET', sessionKey, sessionText({ generation = generation, refreshCount = 0, createdMs = nowMs,
  endsAt = endsAt, lastSeenMs = nowMs, movedAtMs = nowMs, movedServerMs = nowMs, iat = iat, exp = exp,
  remember = remember == '1', binding = binding, client = '-', address = address, clientId = clientId, device = device }),
  'PX', idleMs)
local ids, lastEnd = { sid }, tonumber(endsAt)
for i = math.max(0, surplus) + 1, #live do
  table.insert(ids, live[i].sid)
  lastEnd = math.max(lastEnd, live[i].endsAt)
end
redis.call('SET', sessionsKey, table.concat(ids, ' '), 'EXAT', string.format('%.0f', lastEnd))
redis.call('SET', entryKey, whitelistEntry(generation), 'EXAT', exp)
useProof(proofKey, proofMs)

if surplus > 0 then announce(user, { sessions = evicted }) end
return { 'started', evicted, pending }
`,
);
