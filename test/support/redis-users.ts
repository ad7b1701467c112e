import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import type { TestRedis } from './redis.ts';

/** A Redis user without restrictions. Further rules take rights away. */
export const ALL_RIGHTS = ['reset', 'on', '>password', '~*', '&*', '+@all'];

/** Sets the rules of a Redis user, for connections that it has already as well. */
export const setRedisUser = (admin: RedisLink, name: string, rules: readonly string[]): Promise<unknown> =>
  admin.run((client) => client.aclSetUser(name, [...rules]));

/** The URL of a Redis that was started with `tcp`, for a user with the password of `ALL_RIGHTS`. */
export const redisUrlFor = ({ tcpUrl = '' }: TestRedis, name: string): string =>
  `redis://${name}:password@${new URL(tcpUrl).host}`;

/** A usable connection of such a user. */
export async function linkOfUser(redis: TestRedis, name: string): Promise<RedisLink> {
  const log = createLog('cli', 'silent');
  const link = new RedisLink({ url: redisUrlFor(redis, name), deadlineMs: 10_000, log });
  await link.whenReady(30_000);
  return link;
}
