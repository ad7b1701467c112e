import { randomBytes } from 'node:crypto';
import { test as base, expect } from 'vitest';
import { fixedRing, keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import * as keys from '../../src/redis/keys.ts';
import { definedScripts } from '../../src/redis/scripts.ts';
import { Refusal } from '../../src/refusal.ts';
import { putSessionData } from '../../src/sessions/data.ts';
import { endOtherSessions, endSession } from '../../src/sessions/end.ts';
import { refreshSession } from '../../src/sessions/refresh.ts';
import { mintRefreshToken } from '../../src/sessions/refresh-token.ts';
import { runStaffAction } from '../../src/sessions/staff-action.ts';
import { type SessionDeps, type StartedSession, startSession } from '../../src/sessions/start.ts';
import { changeUser } from '../../src/users/update.ts';
import { addUser, type User } from '../../src/users/users.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { newUserNamed } from '../users/user-store.ts';
import { CLIENT, openerFor, SESSION_OPTIONS } from './session-store.ts';

/** A user with two sessions, the most that they may have. The first has been refreshed once. */
interface Scene {
  user: User;
  session: StartedSession;
  other: StartedSession;
}

type Operation = (deps: SessionDeps, scene: Scene) => Promise<unknown>;

const started = (outcome: StartedSession | Refusal<string>): StartedSession => {
  if (outcome instanceof Refusal) throw new Error(outcome.reason);
  return outcome;
};

const refreshAt = (deps: SessionDeps, { session }: Scene, refreshCount: number): Promise<unknown> => {
  const { sub, sid } = session.claims;
  const token = mintRefreshToken(deps.refreshKey, { sub, sid, refreshCount });
  return refreshSession(deps, { token, ...CLIENT }, Date.now() + 60_000);
};

/** What changes sessions or users, and the script that does. */
const OPERATIONS: [name: string, script: string, operation: Operation][] = [
  [
    'the end of a session',
    'session-end',
    ({ redis }, { session: { claims } }) => endSession(redis, claims.sub, claims.sid, { jti: claims.jti }),
  ],
  [
    'the end of all sessions',
    'session-end-others',
    ({ redis }, { user }) => endOtherSessions(redis, user.id),
  ],
  [
    'a login that evicts a session',
    'session-start',
    (deps, { user }) => startSession(deps, openerFor(user.id), Date.now()),
  ],
  ['a refresh', 'session-refresh', (deps, scene) => refreshAt(deps, scene, 1)],
  ['a replayed refresh token', 'session-refresh', (deps, scene) => refreshAt(deps, scene, 0)],
  [
    'session data',
    'session-data-put',
    ({ redis }, { session }) => putSessionData(redis, session.claims, { key: 'a', json: '1', maxBytes: 99 }),
  ],
  [
    'a block',
    'user-change',
    ({ redis }, { user }) => changeUser(redis, user.id, () => ({ set: { status: 'blocked' }, end: 'all' })),
  ],
  [
    'a password change',
    'user-change',
    ({ redis }, { user, session: { claims } }) =>
      changeUser(redis, user.id, () => ({
        set: { passwordHash: 'new' },
        end: { keepSid: claims.sid, keepJti: claims.jti },
      })),
  ],
  [
    'the registration of a staff action',
    'staff-action-begin',
    ({ redis }, { session }) =>
      runStaffAction(redis, session.claims, {
        authorize: () => undefined,
        change: () => Promise.resolve(),
        record: () => Promise.resolve(),
      }),
  ],
];

interface Limited {
  redis: TestRedis;
  deps: SessionDeps;
  /** The connection of a Redis user whose commands can be denied. */
  limited: SessionDeps;
  command(...words: string[]): Promise<unknown>;
  scene(): Promise<Scene>;
}

const test = base.extend('redis', { scope: 'file' }, async ({}, { onCleanup }): Promise<Limited> => {
  const redis = await startTestRedis({ tcp: true });
  const link = (url: string) => new RedisLink({ url, deadlineMs: 900, log: createLog('cli', 'silent') });
  const admin = link(redis.url);
  await admin.whenReady(5000);
  const command: Limited['command'] = (...words) => admin.run((client) => client.sendCommand(words));
  await command('ACL', 'SETUSER', 'gate', 'on', '>secret', '~*', '&*', '+@all');
  const own = link((redis.tcpUrl ?? '').replace('redis://', 'redis://gate:secret@'));
  await own.whenReady(5000);
  onCleanup(async () => {
    own.close();
    admin.close();
    await redis.stop();
  });
  const ring = fixedRing(await keyRingFromPem(await makeKeyPem()));
  const options = { ...SESSION_OPTIONS, sessionsPerUserMax: 2 };
  const deps = { redis: admin, ring, refreshKey: randomBytes(32), options };
  let added = 0;
  const scene = async (): Promise<Scene> => {
    await redis.flush();
    added += 1;
    const user = await addUser(admin, newUserNamed(`user-${added}`), new Date());
    if (user instanceof Refusal) throw new Error(user.reason);
    const start = () => startSession(deps, openerFor(user.id), Date.now());
    const made = { user, session: started(await start()), other: started(await start()) };
    const { refreshToken: token } = made.session;
    expect(await refreshSession(deps, { token, ...CLIENT }, Date.now())).not.toBeInstanceOf(Refusal);
    return made;
  };
  return { redis, deps, limited: { ...deps, redis: own }, command, scene };
});

const commandsOf = (name: string): readonly string[] =>
  definedScripts().find((script) => script.name === name)?.commands ?? [];

test.for(OPERATIONS)(
  '%s changes nothing if Redis denies any of its commands, and everything if only PUBLISH is denied',
  async ([, script, operation], { redis: { redis, limited, command, scene } }) => {
    expect(commandsOf(script).length).toBeGreaterThan(1);
    for (const denied of commandsOf(script)) {
      const made = await scene();
      const before = await redis.dump();
      await command('ACL', 'SETUSER', 'gate', `-${denied.toLowerCase()}`);
      const outcome = await operation(limited, made).catch((fault: Error) => fault.name);
      await command('ACL', 'SETUSER', 'gate', '+@all');
      const after = await redis.dump();
      if (denied === 'PUBLISH') expect([outcome, after], denied).not.toEqual(['RedisUnavailable', before]);
      else expect([outcome, after], denied).toEqual(['RedisUnavailable', before]);
    }
  },
);

test.for(OPERATIONS)(
  '%s changes nothing if it fails because of a key of a wrong type',
  async ([, , operation], { redis: { redis, deps, command, scene } }) => {
    for (const keyOf of [
      keys.userKey,
      keys.authzKey,
      keys.sessionsKey,
      keys.pendingActionsKey,
      (id: string, sid: string) => keys.sessionKey(id, sid),
      (id: string, sid: string) => keys.activeKey(id, sid),
    ]) {
      const made = await scene();
      const key = keyOf(made.user.id, made.session.claims.sid);
      await command('DEL', key);
      await command('RPUSH', key, 'rubbish');
      const before = await redis.dump();
      const outcome = await operation(deps, made).catch((fault: Error) => fault.name);
      if (outcome === 'RedisUnavailable') expect(await redis.dump(), key).toEqual(before);
    }
  },
);
