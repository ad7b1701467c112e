import { readAuthz, type Standing } from '../identity/authz.ts';
import { type RedisLink, RedisUnavailable } from '../redis/connect.ts';
import { authzKey, whitelistKey } from '../redis/keys.ts';
import { Refusal } from '../refusal.ts';
import type { AccessClaims } from './access-token.ts';

export type WhitelistReason = 'token_not_alive' | 'user_not_active';

type TokenIdentity = Pick<AccessClaims, 'sub' | 'sid' | 'jti'>;

/** Puts a token on the whitelist until its `exp`, the same integer in both places. @throws {RedisUnavailable} */
export async function whitelistToken(redis: RedisLink, claims: AccessClaims): Promise<void> {
  await redis.run((client) =>
    client.set(whitelistKey(claims.sub, claims.jti), entryOf(claims), {
      expiration: { type: 'EXAT', value: claims.exp },
    }),
  );
}

/** Takes a token off the whitelist. When this resolves, no gateway lets it in. @throws {RedisUnavailable} */
export async function unlistToken(redis: RedisLink, token: TokenIdentity): Promise<void> {
  await redis.run((client) => client.del(whitelistKey(token.sub, token.jti)));
}

/**
 * Asks in one round trip for everything about a verified token that can change: is it alive, is its user active
 * and in which role.
 * @throws {RedisUnavailable} also when Redis answers something that was never written there.
 */
export async function askWhitelist(
  redis: RedisLink,
  token: TokenIdentity,
): Promise<Standing | Refusal<WhitelistReason>> {
  const keys = [whitelistKey(token.sub, token.jti), authzKey(token.sub)];
  const [entry, authz] = readReply(await redis.run((client) => client.mGet(keys)));
  if (entry === null) return new Refusal('token_not_alive');
  if (entry !== entryOf(token)) throw new RedisUnavailable('a whitelist entry is not what was written');
  if (authz === null) return new Refusal('user_not_active');
  return readAuthz(authz);
}

function readReply(reply: unknown): [string | null, string | null] {
  if (
    !Array.isArray(reply) ||
    reply.length !== 2 ||
    !reply.every((value) => value === null || typeof value === 'string')
  ) {
    throw new RedisUnavailable('Redis answered a whitelist look-up with something else');
  }
  return reply as [string | null, string | null];
}

/** What an entry holds besides its existence: the session that the token belongs to. */
const entryOf = (token: TokenIdentity): string => JSON.stringify({ sid: token.sid });
