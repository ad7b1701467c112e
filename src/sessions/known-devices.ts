import { createHash } from 'node:crypto';
import { networkOf } from '../http/addresses.ts';
import { devicesKey } from '../redis/keys.ts';
import { defineScript, runScript } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';

/** The most devices that are remembered for a user; the longest unused one is forgotten first. */
const MAX_DEVICES = 20;
const REMEMBERED_SECONDS = 180 * 86_400;

/** KEYS: devices. ARGV: digest, now (ms), maximum, TTL (s). Returns 1 if the device was not known. */
const NOTE_DEVICE = defineScript(
  'device-note',
  `
local digest, nowMs, max, ttl = unpack(ARGV)
local isNew = redis.call('ZSCORE', KEYS[1], digest) == false
redis.call('ZADD', KEYS[1], nowMs, digest)
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(max))
redis.call('EXPIRE', KEYS[1], ttl)
return isNew and 1 or 0
`,
);

/**
 * Remembers the device and the network of a login, and returns whether the user has not logged in from them lately. Only
 * their digest is stored. @throws {RedisUnavailable}
 */
export async function noteDevice(
  redis: RedisStore,
  userId: string,
  { device, address }: { device: string; address: string },
  nowMs: number,
): Promise<boolean> {
  const digest = createHash('sha256')
    .update(`${userId}\n${device}\n${networkOf(address)}`)
    .digest('base64url');
  const args = [digest, nowMs, MAX_DEVICES, REMEMBERED_SECONDS].map(String);
  return (await runScript(redis, NOTE_DEVICE, [devicesKey(userId)], args)) === 1;
}
