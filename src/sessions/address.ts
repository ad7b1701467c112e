import type { RedisLink } from '../redis/connection.ts';
import { authzKey } from '../redis/keys.ts';
import { type Authorization, isAddressAllowed, readAuthorization } from '../users/authorization.ts';

/**
 * What a user may do now, coming from this address; or why they may do nothing at all. For whoever has no access
 * token yet; with one, the whitelist's look-up tells the same.
 * @throws {RedisUnavailable}
 */
export async function authorizationFrom(
  redis: RedisLink,
  sub: string,
  address: string,
): Promise<Authorization | 'user_not_active' | 'address_refused'> {
  const authz = await redis.run((client) => client.get(authzKey(sub)));
  if (authz === null) return 'user_not_active';
  const authorization = readAuthorization(authz);
  return isAddressAllowed(authorization, address) ? authorization : 'address_refused';
}
