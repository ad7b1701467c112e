import type { RedisLink } from '../../redis/connection.ts';
import type { StreamEntry } from './transaction.ts';

/**
 * Up to `count` entries of a stream, newest first. The bounds are those of `XREVRANGE`: an id, milliseconds,
 * `(id` for "without this one", `+` or `-`. @throws {RedisUnavailable}
 */
export function readNewestFirst(
  link: RedisLink,
  key: string,
  newest: string,
  oldest: string,
  count: number,
): Promise<StreamEntry[]> {
  return link.run(async (client) => (await client.xRevRange(key, newest, oldest, { COUNT: count })) ?? []);
}
