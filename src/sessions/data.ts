import { sessionKey } from '../redis/keys.ts';
import { defineScript, runScript } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';

/** The application's own data is stored as fields of the session's hash, so it expires with the session. */
const PREFIX = 'data:';

/**
 * KEYS: session. ARGV: field, value, maximum bytes of all data, prefix of data fields. Returns `gone`, `too_much` or
 * `stored`.
 */
const PUT_DATA = defineScript(
  'session-data-put',
  `
local field, value, maxBytes, prefix = unpack(ARGV)
if redis.call('EXISTS', KEYS[1]) == 0 then return 'gone' end
local all, sum = redis.call('HGETALL', KEYS[1]), #field - #prefix + #value
for i = 1, #all, 2 do
  if string.sub(all[i], 1, #prefix) == prefix and all[i] ~= field then sum = sum + #all[i] - #prefix + #all[i + 1] end
end
if sum > tonumber(maxBytes) then return 'too_much' end
redis.call('HSET', KEYS[1], field, value)
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
  return redis.runFor(sessionKey(sub, sid), (client) => client.hGet(sessionKey(sub, sid), PREFIX + key));
}

/** Stores a JSON text under a key. A session's keys and texts are `maxBytes` at most. @throws {RedisUnavailable} */
export async function putSessionData(
  redis: RedisStore,
  { sub, sid }: { sub: string; sid: string },
  { key, json, maxBytes }: { key: string; json: string; maxBytes: number },
): Promise<undefined | Refusal<'session_over' | 'session_data_full'>> {
  const args = [PREFIX + key, json, String(maxBytes), PREFIX];
  const outcome = await runScript(redis, PUT_DATA, [sessionKey(sub, sid)], args);
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
  await redis.runFor(sessionKey(sub, sid), (client) => client.hDel(sessionKey(sub, sid), PREFIX + key));
}
