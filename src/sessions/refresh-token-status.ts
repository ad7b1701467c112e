import type { RedisLink } from '../redis/connection.ts';
import { activeKey, authzKey, sessionKey } from '../redis/keys.ts';
import { readAuthorization } from '../users/authorization.ts';
import type { RefreshIdentity } from './refresh-token.ts';

/** What is known of a refresh token that could be used now. */
export interface RefreshTokenStatus {
  clientId: string;
  /** When the token was given out and when its session has to end, in seconds since the epoch. */
  issuedAt: number;
  endsAt: number;
}

const FIELDS = ['n', 'gen', 'clientId', 'movedAtMs', 'endsAt'] as const;

/**
 * Asks in one step for everything that decides whether a genuine refresh token is alive, and changes nothing. Only
 * the session's current one is: its predecessor is still taken within the grace window, but is no longer anybody's.
 * @throws {RedisUnavailable} also when Redis answers something that was never written there.
 */
export async function readRefreshTokenStatus(
  redis: RedisLink,
  { sub, sid, n }: RefreshIdentity,
): Promise<RefreshTokenStatus | undefined> {
  const [fields, isActive, authz] = await redis.run((client) =>
    client
      .multi()
      .hmGet(sessionKey(sub, sid), [...FIELDS])
      .exists(activeKey(sub, sid))
      .get(authzKey(sub))
      .execTyped(),
  );
  const [current, gen, clientId, movedAtMs, endsAt] = fields;
  if (isActive === 0 || authz === null || !clientId) return undefined;
  if (current !== String(n) || gen !== String(readAuthorization(authz).gen)) return undefined;
  return { clientId, issuedAt: Math.floor(Number(movedAtMs) / 1000), endsAt: Number(endsAt) };
}
