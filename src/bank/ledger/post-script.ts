import { defineScript, nameEntries } from '../../redis/scripts.ts';
import { RECORDS_LUA } from './transfer-records-lua.ts';

/** Times are in milliseconds. The arguments of each leg follow: see `LEG_ARGUMENTS`. */
export const POST_ARGUMENTS = nameEntries('ARGV', [
  'nowMs',
  'maxEntries',
  'channel',
  'fingerprint',
  'postedTtl',
  'refusedTtl',
  'maxRecords',
]);

/** The arguments of one leg, in order. */
export const LEG_ARGUMENTS = [
  'accountId',
  'direction',
  'amountMinor',
  'type',
  'counterparty',
  'description',
] as const;

/** The account, its two streams and its spenders. */
const KEYS_PER_LEG = 4;

const first = POST_ARGUMENTS.count + 1;
const perLeg = LEG_ARGUMENTS.length;

/**
 * KEYS: for each leg its account, transactions, balances and spenders; then, with an idempotency key, its record, the
 * counts of stored postings and of stored refusals. ARGV: the named arguments, then those of each leg.
 *
 * Returns strings: `posted` or `replayed`, followed by either `ok`, the currency and for each leg transaction id and
 * balance, or the reason of a refusal; `too_many_transfers` is followed by the time until there is room (ms). With an
 * idempotency key the outcome is stored, refusal or not.
 *
 * Everything that could fail is done before the first write. The record of the idempotency key is written first.
 *
 * Lua numbers are doubles: exact up to 2^53 − 1, which no balance exceeds, but formatted as `1e+15` by default. So
 * amounts are passed from ARGV to Redis as strings, and balances and ids are formatted with `%.0f`.
 *
 * A transaction's time never goes backwards, even if clocks differ: the id is made from the later of now and the last
 * id of the account's two streams, and is the same in both.
 */
export const POST = defineScript(
  'ledger-post',
  `
${POST_ARGUMENTS.lua}
local now, MAX_NUMBER = tonumber(nowMs), 9007199254740991
local legs = {}
for first = ${first}, #ARGV, ${perLeg} do
  local accountId, direction, amount, kind, counterparty, description = unpack(ARGV, first, first + ${perLeg - 1})
  local key = #legs * ${KEYS_PER_LEG}
  legs[#legs + 1] = {
    account = KEYS[key + 1], transactions = KEYS[key + 2], balances = KEYS[key + 3], spenders = KEYS[key + 4],
    accountId = accountId, direction = direction, amount = amount, kind = kind,
    counterparty = counterparty, description = description, isDebit = direction == 'debit',
  }
end
local recordKey, postedKey, refusedKey = unpack(KEYS, #legs * ${KEYS_PER_LEG} + 1)
${RECORDS_LUA}
local function exact(text)
  local number = string.match(text or '', '^%d+$') and tonumber(text)
  if not number or number > MAX_NUMBER then error({ err = 'ERR a number in the ledger is malformed' }) end
  return number
end

local function check()
  local balances, currency = {}, nil
  for _, leg in ipairs(legs) do
    local balance, legCurrency = unpack(redis.call('HMGET', leg.account, 'balanceMinor', 'currency'))
    if not balance then return 'account_unknown' end
    if currency and legCurrency ~= currency then return 'currency_mismatch' end
    currency = legCurrency
    local before, amount = balances[leg.account] or exact(balance), tonumber(leg.amount)
    local after = leg.isDebit and before - amount or before + amount
    if after < 0 then return 'insufficient_funds' end
    if after > MAX_NUMBER then return 'balance_limit' end
    balances[leg.account] = after
    leg.after = string.format('%.0f', after)
  end
  return 'ok', currency
end

local function lastId(key)
  requireType('stream', key)
  if redis.call('EXISTS', key) == 0 then return 0, 0 end
  local info = redis.call('XINFO', 'STREAM', key)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
      local ms, seq = string.match(info[i + 1], '^(%d+)-(%d+)$')
      return exact(ms), exact(seq)
    end
  end
end

local function planIds()
  local last = {}
  for _, leg in ipairs(legs) do
    requireType('zset', leg.spenders)
    local known = last[leg.account]
    local ms, seq = unpack(known or { lastId(leg.balances) })
    if not known then
      local otherMs, otherSeq = lastId(leg.transactions)
      if otherMs > ms or otherMs == ms and otherSeq > seq then ms, seq = otherMs, otherSeq end
    end
    if now > ms then ms, seq = now, 0 else seq = seq + 1 end
    last[leg.account] = { ms, seq }
    leg.id = string.format('%.0f-%.0f', ms, seq)
  end
end

local function apply(leg)
  redis.call('HSET', leg.account, 'balanceMinor', leg.after)
  redis.call('XADD', leg.balances, 'MAXLEN', '~', maxEntries, leg.id, 'balanceMinor', leg.after)
  redis.call('XADD', leg.transactions, 'MAXLEN', '~', maxEntries, leg.id, 'direction', leg.direction, 'type', leg.kind,
    'counterparty', leg.counterparty, 'description', leg.description, 'amountMinor', leg.amount,
    'balanceAfterMinor', leg.after)
  if leg.isDebit then redis.call('ZINCRBY', leg.spenders, leg.amount, leg.counterparty) end
end

local stored = recordKey and redis.call('GET', recordKey)
if stored then
  stored = cjson.decode(stored)
  if stored.fingerprint ~= fingerprint then return { 'posted', 'idempotency_key_reused' } end
  return { 'replayed', unpack(stored.outcome) }
end

local result, currency = check()
local isPosted, counted = result == 'ok', nil
if recordKey then
  counted = countRecords(isPosted and postedKey or refusedKey, tonumber(isPosted and postedTtl or refusedTtl))
  local isFull = counted.sum >= tonumber(maxRecords)
  if isFull and isPosted then return { 'posted', 'too_many_transfers', string.format('%.0f', untilRoom(counted)) } end
  if isFull then return { 'posted', result } end
end
local outcome = { result }
if isPosted then
  planIds()
  outcome[2] = currency
  for _, leg in ipairs(legs) do
    outcome[#outcome + 1] = leg.id
    outcome[#outcome + 1] = leg.after
  end
end
if recordKey then
  storeRecord(recordKey, cjson.encode({ fingerprint = fingerprint, outcome = outcome }), counted)
end
if isPosted then
  for _, leg in ipairs(legs) do apply(leg) end
  for _, leg in ipairs(legs) do redis.pcall('PUBLISH', channel, leg.accountId) end
end
return { 'posted', unpack(outcome) }
`,
);
