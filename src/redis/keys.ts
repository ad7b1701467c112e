import { createHash } from 'node:crypto';

/**
 * All keys and channels that Portcullis uses in Redis. No key is built anywhere else.
 *
 * The part in braces is the hash tag (Redis Cluster specification, "Hash tags"): all keys of one user share a slot, as
 * do all keys of the ledger, so that one command or script can use them together in a Cluster.
 */

/** A string: the user id for a username. `name` is already normalized (NFKC) and case-folded. */
export const usernameKey = (name: string): string => `username:${name}`;

/** A sorted set with equal scores: all usernames, case-folded, in lexicographical order. */
export const usernamesKey = (): string => 'usernames';

/** A hash by user id: `+` for an active super-admin, `~` for one with address ranges or `-` for a former one, and the version of the user. */
export const superAdminsKey = (): string => 'super-admins';

/**
 * A hash: username, display name, password hash, created, role, status, IP ranges (JSON), confirmed email,
 * email to be confirmed (JSON), who else caused the password, generation, version, and the id of the only reset token that
 * is valid.
 */
export const userKey = (userId: string): string => `user:{${userId}}`;

/** A string of JSON: the user's role, generation and IP ranges. It exists only while the user is active. */
export const authzKey = (userId: string): string => `authz:{${userId}}`;

/** A string that exists while a password reset token is unused: who caused the reset. It expires with the token. */
export const resetKey = (userId: string, jti: string): string => `reset:{${userId}}:${jti}`;

/**
 * A string: the whitelist entry of one access token (`whitelist-entry.ts`). It expires with the token. The name is short,
 * as is the next one: there are as many keys as tokens, and a longer name would take more memory.
 */
export const whitelistKey = (userId: string, jti: string): string => `jti:{${userId}}:${jti}`;

/** A string: one session (`session-record.ts`). It exists until the session is revoked or its idle timeout expires. */
export const sessionKey = (userId: string, sid: string): string => `sid:{${userId}}:${sid}`;

/** A hash: the data that the application has stored in a session. It expires with the session. */
export const sessionDataKey = (userId: string, sid: string): string => `session-data:{${userId}}:${sid}`;

/**
 * A string that exists while a copy of a proof of possession would still be fresh (RFC 9449, section 11.1). `proof`
 * identifies the proof, and is empty for a script that gets none.
 */
export const usedProofKey = (userId: string, proof: string): string => `dpop:{${userId}}:${proof}`;

/** A string: the ids of a user's sessions, separated by spaces. It expires with the last one's absolute end. */
export const sessionsKey = (userId: string): string => `ids:{${userId}}`;

/** A sorted set with a TTL: digests of the devices and networks that a user logs in from, by the last login. */
export const devicesKey = (userId: string): string => `devices:{${userId}}`;

/** A key that exists only within a script: writing it makes the replicas confirm what was written before in this slot. */
export const userMarkerKey = (userId: string): string => `marker:{${userId}}`;

/** A pub/sub channel: what is revoked of which user, as JSON (users/revocations/entry.ts). */
export const revocationsChannel = (): string => 'revocations';

/**
 * A sorted set: the staff actions of this user that are in progress, each with the time from which it counts no
 * longer, in milliseconds by Redis's clock. It expires with the last one.
 */
export const pendingActionsKey = (userId: string): string => `actions:{${userId}}`;

/** A hash: the registered OAuth clients by their ids, each as JSON. */
export const clientsKey = (): string => 'clients';

/** A pub/sub channel: the id and version of the key ring after each change by an operator. Never a key. */
export const ringChannel = (): string => 'key-ring';

/** A set with a TTL: the gateway processes that have read this version of the key ring. */
export const ringAcknowledgedKey = (ringId: string, version: number): string =>
  `key-ring:${ringId}:${version}`;

/**
 * A capped stream: an audit log. The name without a log is the security log, which once held all records. Its slot is
 * that of the hash tag of the others.
 */
export const auditKey = (log: 'security' | 'customers' = 'security'): string =>
  log === 'security' ? 'audit' : `{audit}:${log}`;

/** A hash: number, hash, stream id and time of the newest exported record of an audit log, and which were lost. */
export const auditMarkKey = (log: 'security' | 'customers'): string => `{audit}:mark:${log}`;

/** A pub/sub channel: the audit records of the command line, so that gateways log them. */
export const auditChannel = (): string => '{audit}:operator-records';

/** A string of JSON: one counter of a rate limiter. The counters of one subject share a slot. */
export const counterKey = (limiter: string, subject: string, step: string): string =>
  `throttle:${limiter}:{${subject}}:${step}`;

/** The same as `userMarkerKey`, in the slot of the audit logs. */
export const auditMarkerKey = (): string => '{audit}:marker';

const LEDGER = 'ledger:{bank}';

/** The same as `userMarkerKey`, in the slot of the ledger. */
export const ledgerMarkerKey = (): string => `${LEDGER}:marker`;

/** A hash: owner, name, currency, `balanceMinor`, `openingBalanceMinor`, opened. */
export const accountKey = (accountId: string): string => `${LEDGER}:account:${accountId}`;

/** A set: the ids of one owner's accounts. */
export const ownerAccountsKey = (ownerId: string): string => `${LEDGER}:accounts-of:${ownerId}`;

/** A list: the ids of the accounts that the generator posts to, oldest first. */
export const generatedAccountsKey = (): string => `${LEDGER}:generated`;

/** A string that exists while a process generates the transactions of the current interval. */
export const generatorTurnKey = (): string => `${LEDGER}:generator-turn`;

/** A string: how many intervals have been generated. */
export const generatorTurnsKey = (): string => `${LEDGER}:generator-turns`;

/** A stream: one transaction per entry, newest last. */
export const transactionsKey = (accountId: string): string => `${LEDGER}:transactions:${accountId}`;

/** A stream: the balance after each transaction. */
export const balancesKey = (accountId: string): string => `${LEDGER}:balances:${accountId}`;

/** A sorted set: counterparties by the amount spent with them, in minor units. */
export const spendersKey = (accountId: string): string => `${LEDGER}:spenders:${accountId}`;

/** A string of JSON: the response to an idempotency key of an account. The key is hashed, so its length is fixed. */
export const idempotencyKey = (accountId: string, key: string): string =>
  `${LEDGER}:idempotency:${accountId}:${createHash('sha256').update(key).digest('base64url')}`;

/** A string that exists while the bank remembers that an assertion has been used. */
export const usedAssertionKey = (jti: string): string => `${LEDGER}:assertion:${jti}`;

/** A string of JSON: how many postings of an account are stored under idempotency keys, by step of their lifetime. */
export const postedCountsKey = (accountId: string): string => `${LEDGER}:idempotency-posted:${accountId}`;

/** A string of JSON: the same for refused postings. */
export const refusedCountsKey = (accountId: string): string => `${LEDGER}:idempotency-refused:${accountId}`;

/** A pub/sub channel: the id of an account whenever a transaction is posted to it. */
export const postingsChannel = (): string => `${LEDGER}:postings`;
