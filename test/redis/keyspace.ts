import { RESP_TYPES } from 'redis';
import type { RedisClient, RedisLink } from '../../src/redis/connection.ts';
import { readSession } from '../../src/redis/session-record.ts';

interface KeyState {
  dump: Buffer;
  /** Type and content, independent of order and encoding. */
  text: string;
  /** Milliseconds since 1970, or -1 without a TTL. */
  expiresAtMs: number;
}

/** Every key of a Redis. */
export type Keyspace = Map<string, KeyState>;

/** Two runs of a script are less far apart: a test ends before. */
const TOLERANCE_MS = 60_000;
/** A key with so little time left is as good as expired. */
const EXPIRING_MS = 1000;
/** The reply to `PEXPIRETIME` for a key that does not exist. */
const KEY_IS_GONE = -2;

export const snapshotOf = (link: RedisLink): Promise<Keyspace> =>
  link.run(async (client) => {
    const names = (await client.keys('*')).sort();
    const states = await Promise.all(names.map((name) => stateOf(client, name)));
    return new Map(
      names.flatMap((name, n) => {
        const state = states[n];
        return state === undefined ? [] : [[name, state] as const];
      }),
    );
  });

export const restoreKeyspace = (link: RedisLink, keyspace: Keyspace): Promise<unknown> =>
  link.run(async (client) => {
    await client.flushAll();
    for (const [name, { dump, expiresAtMs }] of keyspace)
      await client.restore(name, Math.max(0, expiresAtMs), dump, { ABSTTL: true });
  });

/** Undefined for a key that has expired since it was listed, or while it was read. */
async function stateOf(client: RedisClient, key: string): Promise<KeyState | undefined> {
  const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  const [dump, expiresAtMs, type] = await Promise.all([
    binary.dump(key),
    client.pExpireTime(key),
    client.type(key),
  ]);
  if (dump === null || expiresAtMs === KEY_IS_GONE || type === 'none') return undefined;
  const content = await contentOf(client, key, type);
  if ((await client.exists(key)) === 0) return undefined;
  return {
    dump: dump as unknown as Buffer,
    text: `${type} ${JSON.stringify(content)}`,
    expiresAtMs,
  };
}

/** Ids of stream entries are left out: Redis may have made them. */
async function contentOf(client: RedisClient, key: string, type: string): Promise<unknown> {
  if (type === 'string') return stringOf(await client.get(key));
  if (type === 'hash') return Object.entries(await client.hGetAll(key)).sort();
  if (type === 'list') return client.lRange(key, 0, -1);
  if (type === 'set') return (await client.sMembers(key)).sort();
  if (type === 'zset') return client.zRangeWithScores(key, 0, -1);
  return ((await client.xRange(key, '-', '+')) ?? []).map(({ message }) => ({ ...message }));
}

/** The times of a session are relative to each other; `isSame` compares them as absolute ones. */
const stringOf = (text: string | null): unknown => readSession(text ?? '') ?? text;

/** The first key that differs from what another run of the script made, if any. `altered` may also be left as it is. */
export const differenceOf = (actual: Keyspace, expected: Keyspace, altered?: string): string | undefined =>
  namesOf(actual, expected).find(
    (name) => name !== altered && !isSame(actual.get(name), expected.get(name), TOLERANCE_MS),
  );

/** The first key that has changed, if any. */
export const changeOf = (actual: Keyspace, before: Keyspace): string | undefined =>
  namesOf(actual, before).find((name) => !isSame(actual.get(name), before.get(name), 0));

const namesOf = (...keyspaces: Keyspace[]): string[] => [
  ...new Set(keyspaces.flatMap((one) => [...one.keys()])),
];

/** Whether two states are the same, except that times may be `toleranceMs` apart: a script can take them from Redis. */
function isSame(one: KeyState | undefined, other: KeyState | undefined, toleranceMs: number): boolean {
  if (one === undefined || other === undefined) return isExpiring(one ?? other);
  const [expiry, otherExpiry] = [one.expiresAtMs, other.expiresAtMs];
  const expireTogether =
    expiry < 0 || otherExpiry < 0 ? expiry === otherExpiry : Math.abs(expiry - otherExpiry) <= toleranceMs;
  if (!expireTogether || withoutTimes(one.text) !== withoutTimes(other.text)) return false;
  const otherTimes = timesIn(other.text);
  return timesIn(one.text).every((ms, n) => Math.abs(ms - (otherTimes[n] ?? 0)) <= toleranceMs);
}

/** Redis may have deleted such a key before it was read. */
const isExpiring = (state: KeyState | undefined): boolean =>
  state === undefined || (state.expiresAtMs >= 0 && state.expiresAtMs <= Date.now() + EXPIRING_MS);

const TIME = /\b\d{13}\b/g;
const withoutTimes = (text: string): string => text.replace(TIME, '<time>');
const timesIn = (text: string): number[] => (text.match(TIME) ?? []).map(Number);
