import type { RedisLink } from '../redis/connection.ts';
import { authzKey } from '../redis/keys.ts';
import { mayComeFrom, readAuthz, type Standing } from '../users/authorization.ts';

/**
 * What a user may do now, coming from this address; or why they may do nothing at all. For whoever has no access
 * token yet; with one, the whitelist's look-up tells the same.
 * @throws {RedisUnavailable}
 */
export async function standingFrom(
  redis: RedisLink,
  sub: string,
  address: string,
): Promise<Standing | 'user_not_active' | 'address_refused'> {
  const authz = await redis.run((client) => client.get(authzKey(sub)));
  if (authz === null) return 'user_not_active';
  const standing = readAuthz(authz);
  return mayComeFrom(standing, address) ? standing : 'address_refused';
}
