import { z } from 'zod';
import { type Role, roleSchema } from '../identity/roles.ts';
import { type RedisLink, RedisUnavailable } from '../redis/connect.ts';
import { authzKey, whitelistKey } from '../redis/keys.ts';
import { Refusal } from '../refusal.ts';
import type { AccessClaims } from './access-token.ts';

/** What one whitelist entry holds besides its existence: the session that the token belongs to. */
const entrySchema = z.object({ sid: z.string() });
const authzSchema = z.object({ role: roleSchema });

export type WhitelistReason = 'token_not_alive' | 'user_not_active';

/** The user behind a live token, as Redis has it now. */
export interface Standing {
  role: Role;
}

type TokenIdentity = Pick<AccessClaims, 'sub' | 'sid' | 'jti'>;

/** Puts a token on the whitelist until its `exp`, the same integer in both places. @throws {RedisUnavailable} */
export async function whitelistToken(redis: RedisLink, claims: AccessClaims): Promise<void> {
  const entry = JSON.stringify({ sid: claims.sid });
  await redis.run((client) =>
    client.set(whitelistKey(claims.sub, claims.jti), entry, {
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
  if (readJson(entrySchema, entry).sid !== token.sid)
    return new Refusal('token_not_alive', 'another session');
  if (authz === null) return new Refusal('user_not_active');
  return readJson(authzSchema, authz);
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

function readJson<Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (fault) {
    throw new RedisUnavailable('a whitelist or authorisation entry is not what was written', {
      cause: fault,
    });
  }
}
