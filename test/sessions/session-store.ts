import { randomBytes } from 'node:crypto';
import { test as base } from 'vitest';
import { fixedRing, keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { authzKey } from '../../src/redis/keys.ts';
import { Refusal } from '../../src/refusal.ts';
import {
  type SessionDeps,
  type SessionOpener,
  type SessionOptions,
  type StartedSession,
  startSession,
} from '../../src/sessions/start.ts';
import { writeAuthorization } from '../../src/users/authorization.ts';
import type { Role } from '../../src/users/roles.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

export const SESSION_OPTIONS: SessionOptions = {
  issuer: 'https://gate.example',
  audience: 'portcullis-api',
  accessTokenTtlSeconds: 300,
  sessionIdleSeconds: 900,
  sessionAbsoluteSeconds: 43_200,
  sessionRememberSeconds: 2_592_000,
  refreshGraceSeconds: 10,
  sessionsPerUserMax: 5,
  sessionsPerUserPolicy: 'evict-oldest',
  dpopRequiredRoles: [],
};

export interface SessionStore {
  redis: TestRedis;
  /** Two processes that share Redis and the keys. */
  one: SessionDeps;
  other: SessionDeps;
  /** A new active user's id, by default with the role `user`. */
  addUser(role?: Role): Promise<string>;
  /** Starts a session, by default now. @throws if it is refused */
  start(userId: string, changes?: Partial<SessionOpener>, nowMs?: number): Promise<StartedSession>;
  close(): Promise<void>;
}

/** A `test` with a session store (`store`) for the whole file. */
export const sessionTest = (options: Partial<SessionOptions> = {}) =>
  base.extend('store', { scope: 'file' }, async ({}, { onCleanup }): Promise<SessionStore> => {
    const store = await openSessionStore(options);
    onCleanup(() => store.close());
    return store;
  });

/** Sessions over a real Redis, without a gateway. The caller passes the time. */
export async function openSessionStore(options: Partial<SessionOptions> = {}): Promise<SessionStore> {
  const redis = await startTestRedis();
  const log = createLog('gateway', 'silent');
  const link = (): RedisLink => new RedisLink({ url: redis.url, deadlineMs: 900, log });
  const ring = fixedRing(await keyRingFromPem(await makeKeyPem()));
  const shared = { ring, refreshKey: randomBytes(32), options: { ...SESSION_OPTIONS, ...options } };
  const one = { ...shared, redis: link() };
  const other = { ...shared, redis: link() };
  await Promise.all([one, other].map((deps) => deps.redis.whenReady(30_000)));
  return {
    redis,
    one,
    other,
    addUser: async (role = 'user') => {
      const id = randomBytes(16).toString('base64url');
      await one.redis.run((client) => client.set(authzKey(id), writeAuthorization({ role, generation: 0 })));
      return id;
    },
    start: async (userId, changes = {}, nowMs = Date.now()) => {
      const session = await startSession(one, { ...openerFor(userId), ...changes }, nowMs);
      if (session instanceof Refusal) throw new Error(`the session was refused: ${session.reason}`);
      return session;
    },
    close: async () => {
      one.redis.close();
      other.redis.close();
      await redis.stop();
    },
  };
}

/** Where requests come from unless a test says otherwise. */
export const CLIENT = { address: '192.0.2.1', userAgent: 'a test', device: 'a test' };

export const openerFor = (userId: string): SessionOpener => ({
  userId,
  role: 'user',
  verifiedGeneration: 0,
  clientId: 'portcullis-web',
  device: CLIENT.device,
  address: CLIENT.address,
  remember: false,
});
