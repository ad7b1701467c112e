import { defineScript } from '../../redis/scripts.ts';

/**
 * KEYS: for each leg its account, transactions, balances and spenders; then, if there is one, the idempotency key.
 * ARGV: now (ms), entries kept, channel, fingerprint of the request, how long it is remembered that it was posted
 * and how long that it was refused (ms); then for each leg account id, direction, amount, type, counterparty,
 * description.
 *
 * Answers a list of texts: `posted` or `replayed`, then either `ok`, the currency and for each leg transaction id
 * and balance, or the reason of a refusal. The answer to an idempotency key is remembered, refusal or not.
 *
 * Lua's numbers are doubles: exact up to 2^53 − 1, which no balance exceeds, but written as `1e+15` unless told
 * otherwise. So amounts go from ARGV into Redis as the texts they are, and balances are written with `%.0f`.
 *
 * A transaction's time never goes backwards, whatever clock it comes from: the id is made from the later of now
 * and the last balance point's time, and both streams get the same one.
 */
export const POST = defineScript(
  'ledger-post',
  `
local now, kept, channel, fingerprint, postedTtl, refusedTtl = unpack(ARGV, 1, 6)
local MOST = 9007199254740991
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
local rememberedKey = KEYS[#legs * 4 + 1]

local function judge()
  local balances, currency = {}, nil
  for _, leg in ipairs(legs) do
    local balance, own = unpack(redis.call('HMGET', leg.account, 'balanceMinor', 'currency'))
    if not balance then return 'account_unknown' end
    if currency and own ~= currency then return 'currency_mismatch' end
    currency = own
    local before, amount = balances[leg.account] or tonumber(balance), tonumber(leg.amount)
    local after = leg.isDebit and before - amount or before + amount
    if after < 0 then return 'insufficient_funds' end
    if after > MOST then return 'balance_limit' end
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
  local id = redis.call('XADD', leg.balances, 'MAXLEN', '~', kept, ms .. '-*', 'balanceMinor', leg.after)
  redis.call('XADD', leg.transactions, 'MAXLEN', '~', kept, id, 'direction', leg.direction, 'type', leg.kind,
    'counterparty', leg.counterparty, 'description', leg.description, 'amountMinor', leg.amount,
    'balanceAfterMinor', leg.after)
  if leg.isDebit then redis.call('ZINCRBY', leg.spenders, leg.amount, leg.counterparty) end
  redis.call('PUBLISH', channel, leg.accountId)
  return id
end

local function remembered()
  local text = rememberedKey and redis.call('GET', rememberedKey)
  return text and cjson.decode(text)
end

local former = remembered()
if former and former.fingerprint ~= fingerprint then return { 'posted', 'idempotency_key_reused' } end
if former then return { 'replayed', unpack(former.outcome) } end

local verdict, currency = judge()
local outcome = { verdict }
if verdict == 'ok' then
  outcome[2] = currency
  for _, leg in ipairs(legs) do
    outcome[#outcome + 1] = apply(leg)
    outcome[#outcome + 1] = leg.after
  end
end
if rememberedKey then
  local ttl = verdict == 'ok' and postedTtl or refusedTtl
  redis.call('SET', rememberedKey, cjson.encode({ fingerprint = fingerprint, outcome = outcome }), 'PX', ttl)
end
return { 'posted', unpack(outcome) }
`,
);
