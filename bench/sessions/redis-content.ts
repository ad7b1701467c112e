import {
  activeKey,
  authzKey,
  sessionKey,
  sessionsKey,
  userKey,
  usernameKey,
  whitelistKey,
} from '../../src/redis/keys.ts';
import { whitelistEntry } from '../../src/redis/whitelist-entry.ts';
import { writeAuthorization } from '../../src/users/authorization.ts';
import { CLIENT_ID, sessionIdentity, type TokenBatch } from './identity.ts';

/** A Redis command with its arguments. */
export type Command = readonly (string | number)[];

/** The idle timeout of the sessions: the longest that the gateway accepts. */
export const IDLE_SECONDS = 86_400;

const AUTHORIZATION = writeAuthorization({ role: 'user', generation: 0 });
const GENERATION = 0;
/** A stored password hash has this many characters. Nobody logs in as these users. */
const NO_PASSWORD = `$argon2id$${'-'.repeat(86)}`;

/** What `addUser` writes for user number `n`, but for the list of all names. */
export function userCommands(n: number): Command[] {
  const { sub } = sessionIdentity(n);
  const username = `bench-${n}`;
  const fields = {
    username,
    displayName: username,
    passwordHash: NO_PASSWORD,
    role: 'user',
    status: 'active',
    created: '2026-01-01T00:00:00.000Z',
    gen: '0',
    ver: '0',
  };
  return [
    ['HSET', userKey(sub), ...Object.entries(fields).flat()],
    ['SET', authzKey(sub), AUTHORIZATION],
    ['SET', usernameKey(username), sub],
  ];
}

/** What a login of user number `n` at `nowMs` writes for its session (sessions/start-script.ts). */
export function sessionCommands({ iat, exp }: TokenBatch, n: number, nowMs: number): Command[] {
  const { sub, sid, jti } = sessionIdentity(n);
  const idleMs = IDLE_SECONDS * 1000;
  const fields = {
    gen: GENERATION,
    clientId: CLIENT_ID,
    authTime: iat,
    device: 'Chrome on Windows',
    address: '203.0.113.77',
    createdMs: nowMs,
    lastSeenMs: nowMs,
    endsAt: exp,
    remember: '0',
    n: 0,
    movedAtMs: nowMs,
    jti,
    iat,
    exp,
  };
  return [
    ['HSET', sessionKey(sub, sid), ...Object.entries(fields).flat()],
    ['PEXPIRE', sessionKey(sub, sid), idleMs],
    ['SET', activeKey(sub, sid), '1', 'PX', idleMs],
    ['ZADD', sessionsKey(sub), exp, sid],
    ['EXPIREAT', sessionsKey(sub), exp],
    ['SET', whitelistKey(sub, jti), whitelistEntry(sid, GENERATION), 'EXAT', exp],
  ];
}
