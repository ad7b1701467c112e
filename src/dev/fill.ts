import { createHash } from 'node:crypto';
import type { RedisClient } from '../redis/client.ts';
import {
  authzKey,
  sessionKey,
  sessionsKey,
  userKey,
  usernameKey,
  usernamesKey,
  whitelistKey,
} from '../redis/keys.ts';
import { OWN_CLIENT, type SessionRecord, sessionText } from '../redis/session-record.ts';
import { whitelistEntry } from '../redis/whitelist-entry.ts';
import { writeAuthorization } from '../users/authorization.ts';

/** How many users or sessions are sent to Redis at a time. */
const BATCH_SIZE = 1000;

/** A user of a filled Redis. `passwordHash` is what `PasswordHasher.hash` returned. */
export interface FilledUser {
  id: string;
  username: string;
  passwordHash: string;
}

/** A session of a filled Redis, just after a login. Times without a unit are in seconds since the epoch. */
export interface FilledSession {
  sub: string;
  sid: string;
  jti: string;
  nowMs: number;
  exp: number;
  endsAt: number;
  idleMs: number;
  device: string;
  address: string;
  /** What it is bound to (jwt/confirmation.ts). */
  binding?: string;
}

/** An id of 128 bits in base64url that depends on the seed only. */
export const filledId = (seed: string): string =>
  createHash('sha256').update(seed).digest().subarray(0, 16).toString('base64url');

/**
 * Writes users as `addUser` does, in the order of the iterable. It is for measurements with millions of users, on a single
 * server: commands are pipelined and nothing is checked.
 */
export function fillUsers(client: RedisClient, users: Iterable<FilledUser>): Promise<number> {
  const created = new Date().toISOString();
  return inBatches(client, users, ({ id, username, passwordHash }) => [
    [
      ...['HSET', userKey(id), 'username', username, 'displayName', username, 'passwordHash', passwordHash],
      ...['role', 'user', 'status', 'active', 'created', created, 'gen', '0', 'ver', '0'],
    ],
    ['SET', authzKey(id), writeAuthorization({ role: 'user', generation: 0 })],
    ['ZADD', usernamesKey(), '0', username],
    ['SET', usernameKey(username), id],
  ]);
}

/** Writes sessions, each of a user of generation 0, as `startSession` does. As `fillUsers` in all else. */
export function fillSessions(client: RedisClient, sessions: Iterable<FilledSession>): Promise<number> {
  return inBatches(client, sessions, (session) => {
    const { sub, sid, jti, exp, endsAt, idleMs } = session;
    return [
      ['SET', sessionKey(sub, sid), sessionText(recordOf(session)), 'PX', `${idleMs}`],
      ['SET', sessionsKey(sub), sid, 'EXAT', `${endsAt}`],
      ['SET', whitelistKey(sub, jti), whitelistEntry(0), 'EXAT', `${exp}`],
    ];
  });
}

const recordOf = ({ nowMs, exp, endsAt, device, address, binding = '' }: FilledSession): SessionRecord => ({
  ...{ generation: 0, refreshCount: 0, createdMs: nowMs, endsAt, lastSeenMs: nowMs, movedAtMs: nowMs },
  ...{ movedServerMs: nowMs, iat: Math.floor(nowMs / 1000), exp, remember: false, client: '-' },
  ...{ binding, address, clientId: OWN_CLIENT, device },
});

async function inBatches<T>(
  client: RedisClient,
  items: Iterable<T>,
  commandsOf: (item: T) => string[][],
): Promise<number> {
  let count = 0;
  let batch: Promise<unknown>[] = [];
  for (const item of items) {
    count += 1;
    for (const command of commandsOf(item)) batch.push(client.sendCommand(command));
    if (count % BATCH_SIZE > 0) continue;
    await Promise.all(batch);
    batch = [];
  }
  await Promise.all(batch);
  return count;
}
