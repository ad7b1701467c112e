import type { RedisLink } from '../../src/redis/connection.ts';

/** Deletes all counters, so that no test uses up the attempts of another. */
export async function resetRateLimits(link: RedisLink): Promise<void> {
  const counters = await link.run((client) => client.keys('throttle:*'));
  if (counters.length > 0) await link.run((client) => client.del(counters));
}
