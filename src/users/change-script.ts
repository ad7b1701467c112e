import { z } from 'zod';
import { authzKey, pendingActionsKey, resetKey, sessionKey, userKey, whitelistKey } from '../redis/keys.ts';
import { defineRevocation, runRevocation } from '../redis/revocations/script.ts';
import { checkReply, nameEntries } from '../redis/scripts.ts';
import { SESSION_RECORD_LUA } from '../redis/session-record.ts';
import type { RedisStore } from '../redis/store.ts';
import { WHITELIST_ENTRY_LUA } from '../redis/whitelist-entry.ts';
import { AUTHORIZATION_LUA } from './authorization.ts';
import { deadlineOf, PENDING_ACTIONS_LUA, type StaffAction } from './pending-actions.ts';
import type { User } from './users.ts';

const ARGUMENTS = nameEntries('ARGV', [
  'version',
  'user',
  'ending',
  'resetPrefix',
  'consumedReset',
  'deadline',
]);

/**
 * Changes a user if their version is still `version`, and writes the authorization that every request reads.
 *
 * All sessions are ended by one number: the generation goes up, which revokes sessions and tokens of older ones.
 * `ending` is empty, `all` or `others`. With `others`, the session to keep and the token that asks get the new
 * generation; the session has to be active. Ending sessions also revokes a pending reset token.
 *
 * Its response waits for replicas if it can take authority away, and not if only an email address has changed.
 *
 * It begins with a deletion, because a full Redis refuses a script only if its first write needs memory.
 *
 * KEYS: user, authz, pending actions, and to keep a session: the session and the whitelist entry of the token that asks.
 * ARGV: the named arguments, then pairs of field and value; an empty value deletes the field.
 * Returns `changed` (by another process), `late`, `consumed` (the reset token was used before), `over` (the session to
 * keep), or `done` with the actions that the user had begun as staff.
 */
const CHANGE_USER = defineRevocation(
  'user-change',
  `${AUTHORIZATION_LUA}${WHITELIST_ENTRY_LUA}${SESSION_RECORD_LUA}${PENDING_ACTIONS_LUA}
${ARGUMENTS.lua}
local userKey, authzKey, actionsKey, sessionKey, entryKey = unpack(KEYS)
local current, oldGeneration, reset = unpack(redis.call('HMGET', userKey, 'ver', 'gen', 'resetJti'))
if current ~= version then return { 'changed' } end
if isLate(deadline) then return { 'late' } end
if consumedReset ~= '' and redis.call('EXISTS', resetPrefix .. consumedReset) == 0 then return { 'consumed' } end
local session
if sessionKey then
  session = readSession(sessionKey)
  if not session or session.generation ~= tonumber(oldGeneration) then return { 'over' } end
  if redis.call('EXISTS', entryKey) == 0 then return { 'over' } end
end
local pending = pendingActions(actionsKey)

local set = {}
for i = ${ARGUMENTS.count + 1}, #ARGV, 2 do set[ARGV[i]] = ARGV[i + 1] end
local function nextOf(field)
  local value = set[field] or redis.call('HGET', userKey, field)
  return value ~= '' and value
end
local generation = tonumber(oldGeneration) + (ending ~= '' and 1 or 0)
local isActive = nextOf('status') == 'active'
local authorization = writeAuthorization(nextOf('role'), generation, nextOf('ranges'))
local state = { ver = version + 1, gen = generation, role = nextOf('role'), status = nextOf('status'),
  ranges = nextOf('ranges') or '', passwordHash = set.passwordHash,
  passwordVia = set.passwordHash and nextOf('passwordVia') or nil }
local revokes = ending ~= '' or set.role or set.status or set.ranges

redis.call('DEL', authzKey)
if consumedReset ~= '' then redis.call('DEL', resetPrefix .. consumedReset) end
if ending ~= '' then
  if reset then redis.call('DEL', resetPrefix .. reset) end
  redis.call('HDEL', userKey, 'resetJti', 'pendingEmail')
end
for field, value in pairs(set) do
  if value == '' then redis.call('HDEL', userKey, field) else redis.call('HSET', userKey, field, value) end
end
redis.call('HSET', userKey, 'ver', version + 1, 'gen', generation)
if ending == 'others' then
  session.generation = generation
  redis.call('SET', sessionKey, sessionText(session), 'XX', 'KEEPTTL')
  redis.call('SET', entryKey, whitelistEntry(generation), 'XX', 'KEEPTTL')
end
if isActive then redis.call('SET', authzKey, authorization) end
if revokes then revoke(user, state) else announce(user, state) end
return { 'done', pending }
`,
);

type Changeable =
  | 'role'
  | 'status'
  | 'ranges'
  | 'passwordHash'
  | 'passwordVia'
  | 'email'
  | 'pendingEmail'
  | 'resetJti';

/** A change of a user. */
export interface UserChange {
  set?: Partial<Pick<User, Changeable>>;
  /** Which sessions end: all of them, or all but this one, which has to be active. */
  end?: 'all' | { keepSid: string; keepJti: string };
  /** Nothing changes unless this session is active. */
  whileActive?: { keepSid: string; keepJti: string };
  /** The id of a reset token to consume. If it was consumed before, nothing changes. */
  consumeReset?: string;
}

const changeReply = z.tuple([
  z.enum(['changed', 'late', 'consumed', 'over', 'done']),
  z.array(z.string()).optional(),
]);
export type ChangeOutcome = z.output<typeof changeReply>[0];

/** Writes a change if the user is still as given. `pending` are the ids of the staff actions to wait for. */
export async function writeChange(
  redis: RedisStore,
  { id, version }: Pick<User, 'id' | 'version'>,
  { set = {}, end, whileActive, consumeReset = '' }: UserChange,
  action: StaffAction | undefined,
): Promise<{ outcome: ChangeOutcome; pending: string[] }> {
  const keep = typeof end === 'object' ? end : whileActive;
  const keys = [userKey(id), authzKey(id), pendingActionsKey(id)];
  if (keep !== undefined) keys.push(sessionKey(id, keep.keepSid), whitelistKey(id, keep.keepJti));
  const args = ARGUMENTS.list({
    version,
    user: id,
    ending: typeof end === 'object' ? 'others' : (end ?? ''),
    resetPrefix: resetKey(id, ''),
    consumedReset: consumeReset,
    deadline: deadlineOf(action),
  });
  const fields = Object.entries(set).flatMap(([name, value]) => [name, fieldOf(value)]);
  const reply = await runRevocation(redis, CHANGE_USER, keys, [...args, ...fields]);
  const [outcome, pending = []] = checkReply(changeReply, reply);
  return { outcome, pending };
}

/** The text of a field; empty to delete it. */
const fieldOf = (value: string | object | undefined): string =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
