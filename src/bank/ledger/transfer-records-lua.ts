/**
 * Lua that stores outcomes under their idempotency keys and bounds how many there are for each account.
 *
 * A stored posting cannot be dropped before it expires: a retry would post it again. So postings are counted per account,
 * in 24 steps of their lifetime, and beyond the maximum they are refused. The counts expire a step after the records, so
 * they are never too low. Refusals are counted in the same way, but beyond the maximum they are not stored: nothing was
 * posted, so a retry does no harm.
 *
 * `countRecords(key, ttl)` returns how many records may exist (`sum`) and what `storeRecord` needs; `ttl` is in ms.
 * `untilRoom(counted)` returns the time until the oldest of them have expired (ms).
 */
export const RECORDS_LUA = `
local STEPS = 24

local function countRecords(key, ttl)
  local stepMs = ttl / STEPS
  local step = math.floor(now / stepMs)
  local counted = { key = key, ttl = ttl, stepMs = stepMs, sum = 0, oldest = step, counts = {} }
  for at, count in pairs(cjson.decode(redis.call('GET', key) or '{}')) do
    if tonumber(at) >= step - STEPS then
      counted.counts[at], counted.sum = count, counted.sum + count
      counted.oldest = math.min(counted.oldest, tonumber(at))
    end
  end
  local name = string.format('%.0f', step)
  counted.counts[name] = (counted.counts[name] or 0) + 1
  counted.text = cjson.encode(counted.counts)
  return counted
end

local function untilRoom(counted) return (counted.oldest + STEPS + 1) * counted.stepMs - now end

local function storeRecord(recordKey, record, counted)
  redis.call('SET', recordKey, record, 'PX', counted.ttl)
  redis.call('SET', counted.key, counted.text, 'PX', counted.ttl + counted.stepMs)
end
`;
