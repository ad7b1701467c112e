import type { AccessClaims } from '../jwt/access-token.ts';
import { RedisUnavailable } from '../redis/connection.ts';
import { authzKey, sessionKey, whitelistKey } from '../redis/keys.ts';
import { defineScript, nameEntries, runScript } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';
import { isWhitelistEntry, whitelistEntry } from '../redis/whitelist-entry.ts';
import { Refusal } from '../refusal.ts';
import { type Authorization, readAuthorization } from '../users/authorization.ts';
import { USED_PROOFS_LUA, type UsableProof, useOf } from './used-proofs.ts';

export type WhitelistReason = 'token_not_alive' | 'session_over' | 'user_not_active';

export type TokenIdentity = Pick<AccessClaims, 'sub' | 'sid' | 'jti'>;

/**
 * Checks in one round trip what can change about a verified token: whether it is on the whitelist, whether its
 * session is still active, and whether its user is. Returns what the user is authorized to do.
 * @throws {RedisUnavailable} also when Redis returns a malformed value.
 */
export async function checkWhitelist(
  redis: RedisStore,
  token: TokenIdentity,
): Promise<Authorization | Refusal<WhitelistReason>> {
  const keys = keysOf(token);
  return judgeWhitelist(await redis.runFor(authzKey(token.sub), (client) => client.mGet(keys)));
}

const keysOf = ({ sub, sid, jti }: TokenIdentity): string[] => [
  whitelistKey(sub, jti),
  sessionKey(sub, sid),
  authzKey(sub),
];

const KEYS = nameEntries('KEYS', ['entryKey', 'sessionKey', 'authzKey', 'proofKey']);
const ARGUMENTS = nameEntries('ARGV', ['proofMs']);

/** Returns the values that `checkWhitelist` reads, or `replayed`. A token that is not alive uses up no proof. */
const CHECK_WITH_PROOF = defineScript(
  'whitelist-check',
  `${USED_PROOFS_LUA}
${KEYS.lua}
${ARGUMENTS.lua}
local values = redis.call('MGET', entryKey, sessionKey, authzKey)
if not (values[1] and values[2] and values[3]) then return values end
if isUsedProof(proofKey, proofMs) then return 'replayed' end
useProof(proofKey, proofMs)
return values
`,
);

/**
 * The same for a request with a proof of possession, which counts once (RFC 9449, section 11.1). It is still one round
 * trip. @throws {RedisUnavailable} as `checkWhitelist`, and if Redis is full: nothing can tell then whether a proof is used
 */
export async function checkWhitelistOnce(
  redis: RedisStore,
  token: TokenIdentity,
  proof: UsableProof,
  nowMs: number,
): Promise<Authorization | Refusal<WhitelistReason | 'proof_replayed'>> {
  const { key, ttlMs } = useOf(token.sub, proof, nowMs);
  const args = ARGUMENTS.list({ proofMs: ttlMs });
  const reply = await runScript(redis, CHECK_WITH_PROOF, [...keysOf(token), key], args);
  return reply === 'replayed' ? new Refusal('proof_replayed') : judgeWhitelist(reply);
}

/**
 * Judges the values of a token's whitelist entry, its session's key and its user's authorization.
 * @throws {RedisUnavailable} when a value is malformed
 */
export function judgeWhitelist(reply: unknown): Authorization | Refusal<WhitelistReason> {
  const [entry, session, authz] = readReply(reply);
  if (entry === null) return new Refusal('token_not_alive');
  if (session === null) return new Refusal('session_over');
  if (authz === null) return new Refusal('user_not_active');
  const authorization = readAuthorization(authz);
  if (entry === whitelistEntry(authorization.generation)) return authorization;
  if (isWhitelistEntry(entry)) return new Refusal('session_over', 'all sessions were ended');
  throw new RedisUnavailable('a whitelist entry in Redis is malformed');
}

type Reply = [string | null, string | null, string | null];

function readReply(reply: unknown): Reply {
  const isText = (value: unknown): boolean => value === null || typeof value === 'string';
  if (!Array.isArray(reply) || reply.length !== 3 || !reply.every(isText)) {
    throw new RedisUnavailable('Redis returned a malformed reply to a whitelist check');
  }
  return reply as Reply;
}
