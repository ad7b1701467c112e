import { createHash } from 'node:crypto';

/**
 * Every key that Portcullis writes to Redis is built here and nowhere else.
 *
 * The part in braces is the hash tag (Redis Cluster specification, "Hash tags"): all keys of one user share a
 * slot, and so do all keys of the ledger, so that one command or script reaches them in a Cluster.
 */

/** A string: the user id behind a log-in name. `name` is already case-folded and normalised (NFKC). */
export const usernameKey = (name: string): string => `username:${name}`;

/** A sorted set without scores: all log-in names, case-folded, in their order. */
export const usernamesKey = (): string => 'usernames';

/** A hash: the ids of the active super-admins, each with `+` or `-` and the version of the user that it is about. */
export const superAdminsKey = (): string => 'super-admins';

/**
 * A hash: username, display name, argon2id hash, created, role, status, address ranges (JSON), e-mail address,
 * generation, version, and the id of the one reset token that may be used.
 */
export const userKey = (userId: string): string => `user:{${userId}}`;

/** A string of JSON: the user's role, generation and address ranges. It exists only while the user is active. */
export const authzKey = (userId: string): string => `authz:{${userId}}`;

/** A string that exists while a password reset token may be used. It expires with the token. */
export const resetKey = (userId: string, jti: string): string => `reset:{${userId}}:${jti}`;

/** A string of JSON: the whitelist entry of one access token. It expires with the token. */
export const whitelistKey = (userId: string, jti: string): string => `sess:{${userId}}:${jti}`;

/** A string that exists while the session is neither idle for too long nor ended. */
export const activeKey = (userId: string, sid: string): string => `active:{${userId}}:${sid}`;

/** A hash: all that is known of one session, and the application's own data as `data:<key>`. */
export const sessionKey = (userId: string, sid: string): string => `session:{${userId}}:${sid}`;

/** A sorted set: a user's session ids by when they have to end (seconds since the epoch). */
export const sessionsKey = (userId: string): string => `sessions:{${userId}}`;

/** A publish/subscribe channel: a user's id each time something of theirs was revoked. */
export const revocationsChannel = (): string => 'revocations';

/** A hash: the registered OAuth clients by their ids, each as JSON. */
export const clientsKey = (): string => 'clients';

/** A publish/subscribe channel: id and version of the key ring each time it has been changed by hand. Never a key. */
export const ringChannel = (): string => 'key-ring';

/** A set, for a minute: the gateway processes that have read this version of the key ring. */
export const ringAcknowledgedKey = (ringId: string, version: number): string =>
  `key-ring:${ringId}:${version}`;

/** A stream: the audit trail, capped. */
export const auditKey = (): string => 'audit';

/** The prefix of the counters of rate-limiter-flexible, which puts a `:` and the subject after it. */
export const throttlePrefix = (what: string): string => `throttle:${what}`;

const LEDGER = 'ledger:{bank}';

/** A hash: owner, name, currency, `balanceMinor`, `openingBalanceMinor`, opened. */
export const accountKey = (accountId: string): string => `${LEDGER}:account:${accountId}`;

/** A set: the ids of one owner's accounts. */
export const ownerAccountsKey = (ownerId: string): string => `${LEDGER}:accounts-of:${ownerId}`;

/** A list: the ids of the accounts that the generator posts to, in the order in which they were opened. */
export const generatedAccountsKey = (): string => `${LEDGER}:generated`;

/** A string: exists while this interval's generated transactions are somebody's task already. */
export const generatorTurnKey = (): string => `${LEDGER}:generator-turn`;

/** A string: how many turns of the generator there have been. */
export const generatorTurnsKey = (): string => `${LEDGER}:generator-turns`;

/** A stream: one transaction an entry, newest last. */
export const transactionsKey = (accountId: string): string => `${LEDGER}:transactions:${accountId}`;

/** A stream: the balance after each transaction. */
export const balancesKey = (accountId: string): string => `${LEDGER}:balances:${accountId}`;

/** A sorted set: counterparties by the amount spent with them, in minor units. */
export const spendersKey = (accountId: string): string => `${LEDGER}:spenders:${accountId}`;

/** A string of JSON: the answer already given to an idempotency key of one account. A hash, of one length for all. */
export const idempotencyKey = (accountId: string, key: string): string =>
  `${LEDGER}:idempotency:${accountId}:${createHash('sha256').update(key).digest('base64url')}`;

/** A publish/subscribe channel: an account's id each time a transaction is posted to it. */
export const postingsChannel = (): string => `${LEDGER}:postings`;
