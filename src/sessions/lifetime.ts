import type { RedisLink } from '../redis/connection.ts';
import { activeKey, authzKey, sessionKey } from '../redis/keys.ts';
import { readAuthorization } from '../users/authorization.ts';

/** How much longer a session lives. */
export interface SessionLifetime {
  /** Until it has been idle for too long, in milliseconds by Redis's clock. */
  idleMs: number;
  /** When it ends whatever happens, in seconds since the epoch. */
  endsAt: number;
}

/**
 * Asks in one step how long a session still lives, and renews nothing; undefined when it is over, for whatever
 * reason. An activity that was noted on the same connection before is in the answer.
 * @throws {RedisUnavailable} also when Redis answers something that was never written there.
 */
export async function readSessionLifetime(
  redis: RedisLink,
  sub: string,
  sid: string,
): Promise<SessionLifetime | undefined> {
  const [[gen, endsAt], idleMs, authz] = await redis.run((client) =>
    client
      .multi()
      .hmGet(sessionKey(sub, sid), ['gen', 'endsAt'])
      .pTTL(activeKey(sub, sid))
      .get(authzKey(sub))
      .execTyped(),
  );
  if (idleMs < 0 || authz === null || !endsAt || gen !== String(readAuthorization(authz).gen))
    return undefined;
  return { idleMs, endsAt: Number(endsAt) };
}
