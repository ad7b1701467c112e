import { defineScript, nameEntries } from './scripts.ts';

/**
 * Lua: `readCounter(key, now)`, `addTo(counter, now, windowMs)` and `writeCounter(key, counter, now)`.
 *
 * Each counter is a string of JSON: `count` is what has been counted since the window began, `ends` is when the window
 * ends, and `held` has the attempts whose outcome is not known yet, each with the time at which it is given up. All
 * times are numbers of milliseconds since the epoch. A script reads all counters first and writes with one command only,
 * so that it cannot leave half its writes behind.
 */
export const COUNTERS_LUA = `
local function readCounter(key, now)
  local text = redis.call('GET', key)
  local counter = text and cjson.decode(text) or { count = 0, ends = 0, held = {} }
  if counter.ends <= now then
    counter.count = 0
    counter.ends = 0
  end
  for attempt, expires in pairs(counter.held) do
    if expires <= now then counter.held[attempt] = nil end
  end
  return counter
end

local function addTo(counter, now, windowMs)
  if counter.ends == 0 then counter.ends = now + windowMs end
  counter.count = counter.count + 1
end

local function writeCounter(key, counter, now)
  local last = counter.ends
  for _, expires in pairs(counter.held) do last = math.max(last, expires) end
  redis.call('SET', key, cjson.encode(counter), 'PX', math.max(1, last - now))
end`;

export const TAKE_ARGUMENTS = nameEntries('ARGV', ['now', 'windowMs', 'how', 'attempt', 'heldUntil']);

/**
 * Counts an attempt in all counters of a subject, or in none. KEYS: the counters. ARGV: {@link TAKE_ARGUMENTS}, then
 * the maximum of each counter. `how` is `count`, `hold` (the outcome follows) or `look` (nothing is written).
 *
 * Returns the count of the first counter, and: 0; or the milliseconds until the window of a full counter ends; or -1 if
 * attempts with unknown outcomes fill a counter.
 */
export const TAKE = defineScript(
  'rate-limit-take',
  `
${TAKE_ARGUMENTS.lua}
${COUNTERS_LUA}
now, windowMs = tonumber(now), tonumber(windowMs)
local counters, wait, filled = {}, 0, false
for i, key in ipairs(KEYS) do
  local counter = readCounter(key, now)
  local max, held = tonumber(ARGV[${TAKE_ARGUMENTS.count} + i]), 0
  for _ in pairs(counter.held) do held = held + 1 end
  if counter.count >= max then wait = math.max(wait, counter.ends - now) end
  filled = filled or counter.count + held >= max
  counters[i] = counter
end
if wait > 0 or how == 'look' then return { counters[1].count, wait } end
if filled then return { counters[1].count, -1 } end
for i, key in ipairs(KEYS) do
  if how == 'count' then addTo(counters[i], now, windowMs) else counters[i].held[attempt] = tonumber(heldUntil) end
  writeCounter(key, counters[i], now)
end
return { counters[1].count, 0 }
`,
);

export const SETTLE_ARGUMENTS = nameEntries('ARGV', ['now', 'windowMs', 'outcome', 'attempt']);

/**
 * Ends an attempt that `TAKE` has counted or held. KEYS: the counters. ARGV: {@link SETTLE_ARGUMENTS}. `outcome` is
 * `count` (what was held is counted), `release` (what was held is not counted), `refund` (what was counted is taken
 * back) or `clear` (like `release`, and the subject starts afresh).
 */
export const SETTLE = defineScript(
  'rate-limit-settle',
  `
${SETTLE_ARGUMENTS.lua}
${COUNTERS_LUA}
now, windowMs = tonumber(now), tonumber(windowMs)
local counters = {}
for i, key in ipairs(KEYS) do
  local counter = readCounter(key, now)
  counter.held[attempt] = nil
  if outcome == 'count' then addTo(counter, now, windowMs) end
  if outcome == 'refund' then counter.count = math.max(0, counter.count - 1) end
  if outcome == 'clear' then counter.count = 0 end
  if counter.count == 0 then counter.ends = 0 end
  counters[i] = counter
end
for i, key in ipairs(KEYS) do writeCounter(key, counters[i], now) end
return 'done'
`,
);
