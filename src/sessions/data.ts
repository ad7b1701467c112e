import { sessionDataKey, sessionKey } from '../redis/keys.ts';
import { defineScript, runScript } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';

/**
 * Stores data with the lifetime that the session has. `session-touch` renews both.
 * KEYS: session, its data. ARGV: field, value, maximum bytes of all data. Returns `gone`, `too_much` or `stored`.
 */
const PUT_DATA = defineScript(
  'session-data-put',
  `
local field, value, maxBytes = unpack(ARGV)
local left = redis.call('PTTL', KEYS[1])
if left < 0 then return 'gone' end
local all, sum = redis.call('HGETALL', KEYS[2]), #field + #value
for i = 1, #all, 2 do
  if all[i] ~= field then sum = sum + #all[i] + #all[i + 1] end
end
if sum > tonumber(maxBytes) then return 'too_much' end
redis.call('HSET', KEYS[2], field, value)
redis.call('PEXPIRE', KEYS[2], left)
return 'stored'
`,
);

/** The JSON text stored under a key of a session, or null. @throws {RedisUnavailable} */
export async function getSessionData(
  redis: RedisStore,
  sub: string,
  sid: string,
  key: string,
): Promise<string | null> {
  return redis.runFor(sessionDataKey(sub, sid), (client) => client.hGet(sessionDataKey(sub, sid), key));
}

/** Stores a JSON text under a key. A session's keys and texts are `maxBytes` at most. @throws {RedisUnavailable} */
export async function putSessionData(
  redis: RedisStore,
  { sub, sid }: { sub: string; sid: string },
  { key, json, maxBytes }: { key: string; json: string; maxBytes: number },
): Promise<undefined | Refusal<'session_over' | 'session_data_full'>> {
  const keys = [sessionKey(sub, sid), sessionDataKey(sub, sid)];
  const outcome = await runScript(redis, PUT_DATA, keys, [key, json, String(maxBytes)]);
  if (outcome === 'stored') return undefined;
  return new Refusal(outcome === 'gone' ? 'session_over' : 'session_data_full');
}

/** Deletes what is stored under a key. @throws {RedisUnavailable} */
export async function deleteSessionData(
  redis: RedisStore,
  sub: string,
  sid: string,
  key: string,
): Promise<void> {
  await redis.runFor(sessionDataKey(sub, sid), (client) => client.hDel(sessionDataKey(sub, sid), key));
}
