import { defineScript } from '../../redis/scripts.ts';

/**
 * KEYS: for each leg its account, transactions, balances and spenders; then the idempotency key, if any.
 * ARGV: now (ms), max entries per stream, channel, fingerprint of the request, TTL of a stored posting and of a stored
 * refusal (ms); then for each leg account id, direction, amount, type, counterparty, description.
 *
 * Returns strings: `posted` or `replayed`, followed by either `ok`, the currency and for each leg transaction id and
 * balance, or the reason of a refusal. With an idempotency key the outcome is stored, refusal or not.
 *
 * Lua numbers are doubles: exact up to 2^53 − 1, which no balance exceeds, but formatted as `1e+15` by default. So
 * amounts are passed from ARGV to Redis as strings, and balances are formatted with `%.0f`.
 *
 * A transaction's time never goes backwards, even if clocks differ: the id is made from the later of now and the time
 * of the last balance point, and is the same in both streams.
 */
export const POST = defineScript(
  'ledger-post',
  `
local now, maxEntries, channel, fingerprint, postedTtl, refusedTtl = unpack(ARGV, 1, 6)
local MAX_BALANCE = 9007199254740991
local legs = {}
for first = 7, #ARGV, 6 do
  local accountId, direction, amount, kind, counterparty, description = unpack(ARGV, first, first + 5)
  local key = #legs * 4
  legs[#legs + 1] = {
    account = KEYS[key + 1], transactions = KEYS[key + 2], balances = KEYS[key + 3], spenders = KEYS[key + 4],
    accountId = accountId, direction = direction, amount = amount, kind = kind,
    counterparty = counterparty, description = description, isDebit = direction == 'debit',
  }
end
local idempotencyKey = KEYS[#legs * 4 + 1]

local function check()
  local balances, currency = {}, nil
  for _, leg in ipairs(legs) do
    local balance, legCurrency = unpack(redis.call('HMGET', leg.account, 'balanceMinor', 'currency'))
    if not balance then return 'account_unknown' end
    if currency and legCurrency ~= currency then return 'currency_mismatch' end
    currency = legCurrency
    local before, amount = balances[leg.account] or tonumber(balance), tonumber(leg.amount)
    local after = leg.isDebit and before - amount or before + amount
    if after < 0 then return 'insufficient_funds' end
    if after > MAX_BALANCE then return 'balance_limit' end
    balances[leg.account] = after
    leg.after = string.format('%.0f', after)
  end
  return 'ok', currency
end

local function laterOf(ms, entry)
  local last = entry and string.match(entry[1], '^%d+')
  return last and tonumber(last) > tonumber(ms) and last or ms
end

local function apply(leg)
  local ms = laterOf(now, redis.call('XREVRANGE', leg.balances, '+', '-', 'COUNT', 1)[1])
  redis.call('HINCRBY', leg.account, 'balanceMinor', leg.isDebit and '-' .. leg.amount or leg.amount)
  local id = redis.call('XADD', leg.balances, 'MAXLEN', '~', maxEntries, ms .. '-*', 'balanceMinor', leg.after)
  redis.call('XADD', leg.transactions, 'MAXLEN', '~', maxEntries, id, 'direction', leg.direction, 'type', leg.kind,
    'counterparty', leg.counterparty, 'description', leg.description, 'amountMinor', leg.amount,
    'balanceAfterMinor', leg.after)
  if leg.isDebit then redis.call('ZINCRBY', leg.spenders, leg.amount, leg.counterparty) end
  redis.call('PUBLISH', channel, leg.accountId)
  return id
end

local function storedOutcome()
  local text = idempotencyKey and redis.call('GET', idempotencyKey)
  return text and cjson.decode(text)
end

local stored = storedOutcome()
if stored and stored.fingerprint ~= fingerprint then return { 'posted', 'idempotency_key_reused' } end
if stored then return { 'replayed', unpack(stored.outcome) } end

local result, currency = check()
local outcome = { result }
if result == 'ok' then
  outcome[2] = currency
  for _, leg in ipairs(legs) do
    outcome[#outcome + 1] = apply(leg)
    outcome[#outcome + 1] = leg.after
  end
end
if idempotencyKey then
  local ttl = result == 'ok' and postedTtl or refusedTtl
  redis.call('SET', idempotencyKey, cjson.encode({ fingerprint = fingerprint, outcome = outcome }), 'PX', ttl)
end
return { 'posted', unpack(outcome) }
`,
);
