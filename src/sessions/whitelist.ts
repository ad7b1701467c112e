import type { AccessClaims } from '../jwt/access-token.ts';
import { type RedisLink, RedisUnavailable } from '../redis/connection.ts';
import { activeKey, authzKey, whitelistKey } from '../redis/keys.ts';
import { Refusal } from '../refusal.ts';
import { type Authorization, readAuthorization } from '../users/authorization.ts';

export type WhitelistReason = 'token_not_alive' | 'session_over' | 'user_not_active';

export type TokenIdentity = Pick<AccessClaims, 'sub' | 'sid' | 'jti'>;

/**
 * Asks in one round trip for everything about a verified token that can change: is it alive, has its session
 * been ended or idle for too long, is its user active and in which role.
 * @throws {RedisUnavailable} also when Redis answers something that was never written there.
 */
export async function checkWhitelist(
  redis: RedisLink,
  token: TokenIdentity,
): Promise<Authorization | Refusal<WhitelistReason>> {
  const { sub, sid, jti } = token;
  const keys = [whitelistKey(sub, jti), activeKey(sub, sid), authzKey(sub)];
  const [entry, active, authz] = readReply(await redis.run((client) => client.mGet(keys)));
  if (entry === null) return new Refusal('token_not_alive');
  if (active === null) return new Refusal('session_over');
  if (authz === null) return new Refusal('user_not_active');
  const authorization = readAuthorization(authz);
  if (entry === entryOf(sid, authorization.gen)) return authorization;
  if (entry.startsWith(`{"sid":"${sid}","gen":`))
    return new Refusal('session_over', 'all sessions were ended');
  throw new RedisUnavailable('a whitelist entry is not what was written');
}

type Reply = [string | null, string | null, string | null];

function readReply(reply: unknown): Reply {
  const isText = (value: unknown): boolean => value === null || typeof value === 'string';
  if (!Array.isArray(reply) || reply.length !== 3 || !reply.every(isText)) {
    throw new RedisUnavailable('Redis answered a whitelist look-up with something else');
  }
  return reply as Reply;
}

/** What an entry holds besides its existence, as the scripts of `session/` write it. */
const entryOf = (sid: string, gen: number): string => JSON.stringify({ sid, gen });
