import { defineScript } from '../redis/scripts.ts';

/**
 * What every script of a user's sessions shares. `generation` tells what an authorisation entry is at;
 * a session of an older generation is over. `forget` removes a session and answers whether it was alive: the key
 * `active:` is part of every request's look-up, so without it all access tokens of the session are dead,
 * whichever there are.
 */
const SHARED = `
local function generation(authz) return cjson.decode(authz).gen end
local function forget(session, active, sessions, sid)
  redis.call('DEL', session)
  redis.call('ZREM', sessions, sid)
  return redis.call('DEL', active) == 1
end
`;

/**
 * Starts a session, whitelists its first token, and holds the user to the most sessions at one time.
 *
 * KEYS: authz, sessions, session, active, whitelist entry.
 * ARGV: sid, jti, now (ms), iat (s), exp (s), end (s), idle (ms), most sessions, policy, prefix of the session
 * keys, prefix of the active keys, channel, user id, client id, device, address, remember, generation of the user
 * when the password was compared.
 * The prefixes build the keys of the user's other sessions: the same hash tag, so the same slot.
 *
 * Answers `inactive`, `outdated` (all sessions were ended since), `too_many`, or `started` and the ids of the sessions that had to go.
 */
export const START_SESSION = defineScript(
  'session-start',
  `${SHARED}
local sid, jti, now, iat, exp, ends, idle, most, policy = unpack(ARGV, 1, 9)
local sessionPrefix, activePrefix, channel, user, client, device, address, remember, proven = unpack(ARGV, 10, 18)
local authz = redis.call('GET', KEYS[1])
if not authz then return { 'inactive' } end
local gen = generation(authz)
if gen ~= tonumber(proven) then return { 'outdated' } end

local live = {}
for _, other in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  local session, active = sessionPrefix .. other, activePrefix .. other
  local created, otherGen = unpack(redis.call('HMGET', session, 'createdMs', 'gen'))
  if created and tonumber(otherGen) == gen and redis.call('EXISTS', active) == 1 then
    live[#live + 1] = { sid = other, created = tonumber(created), session = session, active = active }
  else
    forget(session, active, KEYS[2], other)
  end
end
table.sort(live, function(a, b) return a.created < b.created end)
local surplus = #live - tonumber(most) + 1
if surplus > 0 and policy == 'refuse' then return { 'too_many' } end
local answer = { 'started' }
for i = 1, surplus do
  forget(live[i].session, live[i].active, KEYS[2], live[i].sid)
  answer[#answer + 1] = live[i].sid
end
if surplus > 0 then redis.call('PUBLISH', channel, user) end

redis.call('HSET', KEYS[3], 'gen', gen, 'clientId', client, 'authTime', iat, 'device', device, 'address', address,
  'createdMs', now, 'lastSeenMs', now, 'endsAt', ends, 'remember', remember,
  'n', 0, 'movedAtMs', now, 'jti', jti, 'iat', iat, 'exp', exp)
redis.call('PEXPIRE', KEYS[3], idle)
redis.call('SET', KEYS[4], '1', 'PX', idle)
redis.call('ZADD', KEYS[2], ends, sid)
redis.call('EXPIREAT', KEYS[2], redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2])
redis.call('SET', KEYS[5], '{"sid":"' .. sid .. '","gen":' .. gen .. '}', 'EXAT', exp)
return answer
`,
);

/**
 * Compares and advances a session's refresh counter, and whitelists the next access token.
 *
 * A server that hung runs this late, when the client has been told 503 and is about to try again: the grace window
 * begins when the counter moves, so it is counted by the server's clock where the caller's is behind.
 *
 * KEYS: authz, sessions, session, active, whitelist entry of the next token.
 * ARGV: sid, n, now (ms), grace (ms), next jti, iat (s), exp (s), channel, user id.
 *
 * Answers `gone` (ended, idle, at its end by the caller's clock, or of a blocked user), `unknown` (a counter that
 * was never reached), `reuse` (a token from before the grace window: somebody replays a stolen one, so the session
 * has been ended), or `advanced` or `again` with the state that is current now: n, jti, iat, exp, client id,
 * auth time, end (s), remember.
 */
export const REFRESH_SESSION = defineScript(
  'session-refresh',
  `${SHARED}
local sid, n, now, grace, jti, iat, exp, channel, user = unpack(ARGV)
local time = redis.call('TIME')
now = math.max(tonumber(now), time[1] * 1000 + math.floor(time[2] / 1000))
local authz = redis.call('GET', KEYS[1])
local stored, moved, gen, ends = unpack(redis.call('HMGET', KEYS[3], 'n', 'movedAtMs', 'gen', 'endsAt'))
if not authz or not stored or tonumber(gen) ~= generation(authz) then return { 'gone' } end
if redis.call('EXISTS', KEYS[4]) == 0 or tonumber(ends) <= tonumber(iat) then return { 'gone' } end

local verdict = 'again'
if tonumber(n) == tonumber(stored) then
  verdict = 'advanced'
  if tonumber(exp) > tonumber(ends) then exp = ends end
  redis.call('HSET', KEYS[3], 'n', n + 1, 'movedAtMs', now, 'jti', jti, 'iat', iat, 'exp', exp)
  redis.call('SET', KEYS[5], '{"sid":"' .. sid .. '","gen":' .. gen .. '}', 'EXAT', exp)
elseif tonumber(n) > tonumber(stored) then
  return { 'unknown' }
elseif tonumber(n) < stored - 1 or now - moved >= tonumber(grace) then
  forget(KEYS[3], KEYS[4], KEYS[2], sid)
  redis.call('PUBLISH', channel, user)
  return { 'reuse' }
end
return { verdict, unpack(redis.call('HMGET', KEYS[3], 'n', 'jti', 'iat', 'exp', 'clientId', 'authTime', 'endsAt', 'remember')) }
`,
);

/**
 * Ends one session. KEYS: sessions, session, active, and perhaps a whitelist entry to delete with it.
 * ARGV: sid, channel, user id. Answers 1 when there was such a session and it was alive.
 */
export const END_SESSION = defineScript(
  'session-end',
  `${SHARED}
local wasAlive = forget(KEYS[2], KEYS[3], KEYS[1], ARGV[1])
if KEYS[4] then redis.call('DEL', KEYS[4]) end
if not wasAlive then return 0 end
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1
`,
);

/**
 * Ends all sessions of a user but one, or all. KEYS: sessions. ARGV: the session to keep or nothing, prefix of the
 * session keys, prefix of the active keys, channel, user id. Answers how many were alive.
 */
export const END_OTHER_SESSIONS = defineScript(
  'session-end-others',
  `${SHARED}
local ended = 0
for _, sid in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if sid ~= ARGV[1] and forget(ARGV[2] .. sid, ARGV[3] .. sid, KEYS[1], sid) then ended = ended + 1 end
end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return ended
`,
);

/**
 * Notes real activity, at most once in a least step, whichever gateways ask. It renews only what is still there:
 * an ended session is not brought back, and none outlives its absolute end.
 * KEYS: session, active. ARGV: now (ms), idle (ms), least step (ms). Answers 1 when it wrote.
 */
export const TOUCH_SESSION = defineScript(
  'session-touch',
  `
local now, idle, step = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local ends = redis.call('HGET', KEYS[1], 'endsAt')
local left = redis.call('PTTL', KEYS[2])
if not ends or left < 0 then return 0 end
local nextLeft = math.min(idle, ends * 1000 - now)
if nextLeft - left < step then return 0 end
redis.call('PEXPIRE', KEYS[1], nextLeft)
redis.call('PEXPIRE', KEYS[2], nextLeft)
redis.call('HSET', KEYS[1], 'lastSeenMs', ARGV[1])
return 1
`,
);
