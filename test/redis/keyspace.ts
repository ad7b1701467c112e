import { RESP_TYPES } from 'redis';
import type { RedisClient, RedisLink } from '../../src/redis/connection.ts';

interface KeyState {
  dump: Buffer;
  /** Type and content, independent of order and encoding. */
  text: string;
  /** Milliseconds since 1970, or -1 without a TTL. */
  expiresAtMs: number;
}

/** Every key of a Redis. */
export type Keyspace = Map<string, KeyState>;

/** Two runs of a script may be this far apart. */
const TOLERANCE_MS = 10_000;

export const snapshotOf = (link: RedisLink): Promise<Keyspace> =>
  link.run(async (client) => {
    const names = (await client.keys('*')).sort();
    const states = await Promise.all(names.map((name) => stateOf(client, name)));
    return new Map(names.map((name, n) => [name, states[n] as KeyState]));
  });

export const restoreKeyspace = (link: RedisLink, keyspace: Keyspace): Promise<unknown> =>
  link.run(async (client) => {
    await client.flushAll();
    for (const [name, { dump, expiresAtMs }] of keyspace)
      await client.restore(name, Math.max(0, expiresAtMs), dump, { ABSTTL: true });
  });

async function stateOf(client: RedisClient, key: string): Promise<KeyState> {
  const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  const [dump, expiresAtMs, type] = await Promise.all([
    binary.dump(key),
    client.pExpireTime(key),
    client.type(key),
  ]);
  const content = await contentOf(client, key, type);
  return {
    dump: dump as unknown as Buffer,
    text: `${type} ${withoutTime(JSON.stringify(content))}`,
    expiresAtMs,
  };
}

/** Ids of stream entries are left out: Redis may have made them. */
async function contentOf(client: RedisClient, key: string, type: string): Promise<unknown> {
  if (type === 'string') return client.get(key);
  if (type === 'hash') return Object.entries(await client.hGetAll(key)).sort();
  if (type === 'list') return client.lRange(key, 0, -1);
  if (type === 'set') return (await client.sMembers(key)).sort();
  if (type === 'zset') return client.zRangeWithScores(key, 0, -1);
  return ((await client.xRange(key, '-', '+')) ?? []).map(({ message }) => ({ ...message }));
}

/** Replaces the current time, which a script can take from Redis. */
const withoutTime = (text: string): string =>
  text.replace(/\b\d{13}\b/g, (ms) => (Math.abs(Number(ms) - Date.now()) < TOLERANCE_MS ? '<now>' : ms));

/** The first key that differs, if any. `altered` may also be left as it is. */
export function differenceOf(actual: Keyspace, expected: Keyspace, altered?: string): string | undefined {
  const names = new Set([...actual.keys(), ...expected.keys()]);
  return [...names].find((name) => name !== altered && !isEqual(actual.get(name), expected.get(name)));
}

function isEqual(one: KeyState | undefined, other: KeyState | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  const haveTtl = one.expiresAtMs >= 0 && other.expiresAtMs >= 0;
  const expireTogether = haveTtl
    ? Math.abs(one.expiresAtMs - other.expiresAtMs) < TOLERANCE_MS
    : one.expiresAtMs === other.expiresAtMs;
  return expireTogether && one.text === other.text;
}
