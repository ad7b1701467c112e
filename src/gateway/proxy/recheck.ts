import type { AccessClaims } from '../../jwt/access-token.ts';
import type { RingSource } from '../../keys/ring.ts';
import type { RedisStore } from '../../redis/store.ts';
import { Refusal } from '../../refusal.ts';
import { checkWhitelist, type WhitelistReason } from '../../sessions/whitelist.ts';
import { type Authorization, isAddressAllowed } from '../../users/authorization.ts';

/** What a request was granted on. */
export interface GrantSnapshot {
  claims: AccessClaims;
  /** The key that signed the token. */
  kid: string;
  authorization: Authorization;
  address: string;
}

/** Why a request would no longer be granted as it was. */
export type EndReason =
  | WhitelistReason
  | 'token_expired'
  | 'key_retired'
  | 'address_refused'
  | 'role_changed';

export interface RecheckDeps {
  redis: RedisStore;
  ring: RingSource;
}

/**
 * Checks whether a request would still be granted as it was. While Redis is unavailable, new requests are refused but
 * earlier grants stay until it is available again.
 */
export async function recheckGrant(
  { redis, ring }: RecheckDeps,
  { claims, kid, authorization, address }: GrantSnapshot,
  nowMs: number,
): Promise<EndReason | undefined> {
  if (claims.exp * 1000 <= nowMs) return 'token_expired';
  if (!ring.at(nowMs).all.some((key) => key.kid === kid)) return 'key_retired';
  const present = await checkWhitelist(redis, claims).catch(() => undefined);
  if (present === undefined) return undefined;
  if (present instanceof Refusal) return present.reason;
  if (!isAddressAllowed(present, address)) return 'address_refused';
  return present.role === authorization.role ? undefined : 'role_changed';
}
