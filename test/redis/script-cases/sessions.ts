import { randomBytes } from 'node:crypto';
import { fixedRing, keyRingFromPem, makeKeyPem } from '../../../src/keys/ring.ts';
import type { RedisLink } from '../../../src/redis/connection.ts';
import { authzKey, sessionKey } from '../../../src/redis/keys.ts';
import { type Counter, RateLimiter } from '../../../src/redis/rate-limiter.ts';
import { readSession } from '../../../src/redis/session-record.ts';
import { Refusal } from '../../../src/refusal.ts';
import { ActivityTracker } from '../../../src/sessions/activity.ts';
import { putSessionData } from '../../../src/sessions/data.ts';
import { endOtherSessions, endSession } from '../../../src/sessions/end.ts';
import { noteDevice } from '../../../src/sessions/known-devices.ts';
import { readSessionLifetime } from '../../../src/sessions/lifetime.ts';
import { listSessions } from '../../../src/sessions/list.ts';
import { refreshSession } from '../../../src/sessions/refresh.ts';
import { runStaffAction } from '../../../src/sessions/staff-action.ts';
import { type SessionDeps, type StartedSession, startSession } from '../../../src/sessions/start.ts';
import { tryUseProof, type UsableProof } from '../../../src/sessions/used-proofs.ts';
import { checkWhitelistOnce } from '../../../src/sessions/whitelist.ts';
import { writeAuthorization } from '../../../src/users/authorization.ts';
import { CLIENT, openerFor, SESSION_OPTIONS } from '../../sessions/session-store.ts';
import { until } from '../../support/until.ts';
import type { ScriptCase } from '../script-trial.ts';

const USER = 'A'.repeat(22);
const BOUND = { jkt: `${'B'.repeat(42)}A` };
const PROOF: UsableProof = { id: 'B'.repeat(22), refusedFromMs: Date.now() + 600_000 };
const ring = fixedRing(await keyRingFromPem(await makeKeyPem()));
const refreshKey = randomBytes(32);

const depsOf = (redis: RedisLink): SessionDeps => ({
  redis,
  ring,
  refreshKey,
  options: { ...SESSION_OPTIONS, sessionsPerUserMax: 2 },
});

const limitOf = (link: RedisLink): Counter =>
  new RateLimiter(link, {
    ...{ name: 'trial', max: 5, windowSeconds: 60 },
    countersOf: (subject) => ({ subject, steps: ['1'] }),
  }).counterOf(USER);

/** Starts sessions of one user, a millisecond apart, and returns the last. */
async function start(
  redis: RedisLink,
  count: number,
  limit?: Counter,
  proof?: UsableProof,
): Promise<StartedSession> {
  const bound = proof === undefined ? {} : { proof, confirmation: BOUND };
  const authorization = writeAuthorization({ role: 'user', generation: 0 });
  await redis.run((client) => client.set(authzKey(USER), authorization));
  const started: (StartedSession | Refusal<string>)[] = [];
  for (let n = 1; n <= count; n += 1)
    started.push(
      await startSession(depsOf(redis), { ...openerFor(USER), limit, ...bound }, Date.now() - count + n),
    );
  const last = started.at(-1);
  if (last === undefined || last instanceof Refusal) throw new Error('the session was refused');
  return last;
}

const refresh = (redis: RedisLink, { refreshToken }: StartedSession, laterMs = 0) =>
  refreshSession(depsOf(redis), { token: refreshToken, ...CLIENT }, Date.now() + laterMs);

export const SESSION_CASES: readonly ScriptCase[] = [
  { script: 'session-start', when: 'a first session', run: (link) => start(link, 1) },
  { script: 'session-start', when: 'a login that is counted', run: (link) => start(link, 1, limitOf(link)) },
  {
    script: 'session-start',
    when: 'a login that is counted and evicts a session',
    run: (link) => start(link, 3, limitOf(link)),
  },
  { script: 'session-start', when: 'a session that evicts another', run: (link) => start(link, 3) },
  { script: 'session-refresh', when: 'a refresh', run: async (link) => refresh(link, await start(link, 1)) },
  {
    script: 'session-refresh',
    when: 'the same refresh again',
    run: async (link) => {
      const session = await start(link, 1);
      await refresh(link, session);
      await refresh(link, session);
    },
  },
  {
    script: 'session-refresh',
    when: 'reuse after the grace window',
    run: async (link) => {
      const session = await start(link, 2);
      await refresh(link, session);
      await refresh(link, session, 60_000);
    },
  },
  {
    script: 'session-end',
    when: 'a logout',
    run: async (link) => {
      const { sub, sid, jti } = (await start(link, 2)).claims;
      await endSession(link, sub, sid, { jti });
    },
  },
  {
    script: 'session-end-others',
    when: 'one session is kept',
    run: async (link) => {
      const { sub, sid } = (await start(link, 2)).claims;
      await endOtherSessions(link, sub, sid);
    },
  },
  {
    script: 'session-list',
    when: 'two sessions',
    run: async (link) => {
      await start(link, 2);
      await listSessions(link, USER);
    },
  },
  {
    script: 'session-read',
    when: 'a session',
    run: async (link) => {
      const { sub, sid } = (await start(link, 1)).claims;
      await readSessionLifetime(link, sub, sid);
    },
  },
  {
    script: 'session-start',
    when: 'a login with a proof',
    run: (link) => start(link, 1, undefined, PROOF),
  },
  {
    script: 'session-refresh',
    when: 'a refresh with a proof',
    run: async (link) => {
      const { refreshToken: token } = await start(link, 1, undefined, { ...PROOF, id: 'C'.repeat(22) });
      await refreshSession(depsOf(link), { token, ...CLIENT, confirmation: BOUND, proof: PROOF }, Date.now());
    },
  },
  {
    script: 'whitelist-check',
    when: 'a proof that has not been used',
    run: async (link) => checkWhitelistOnce(link, (await start(link, 1)).claims, PROOF, Date.now()),
  },
  {
    script: 'proof-use',
    when: 'a proof that has not been used',
    run: async (link) => tryUseProof(link, (await start(link, 1)).claims, PROOF, Date.now()),
  },
  {
    script: 'staff-action-begin',
    when: 'an action',
    run: async (link) => {
      const actor = (await start(link, 1)).claims;
      const none = async (): Promise<void> => {};
      await runStaffAction(link, actor, { authorize: () => undefined, change: none, record: none });
    },
  },
  {
    script: 'session-touch',
    when: 'activity',
    run: async (link) => {
      const { sub, sid } = (await start(link, 1)).claims;
      const laterMs = Date.now() + 60_000;
      new ActivityTracker(link, 2 * SESSION_OPTIONS.sessionIdleSeconds).note(sub, sid, laterMs);
      const key = sessionKey(sub, sid);
      await until(
        async () => readSession((await link.run((client) => client.get(key))) ?? '')?.lastSeenMs === laterMs,
      );
    },
  },
  {
    script: 'session-data-put',
    when: 'new data',
    run: async (link) => {
      const { sub, sid } = (await start(link, 1)).claims;
      await putSessionData(link, { sub, sid }, { key: 'theme', json: '"dark"', maxBytes: 1000 });
    },
  },
  {
    script: 'session-list',
    when: 'two sessions',
    run: async (link) => {
      await start(link, 2);
      await listSessions(link, USER);
    },
  },
  {
    script: 'session-read',
    when: 'an active session',
    run: async (link) => readSessionLifetime(link, USER, (await start(link, 1)).claims.sid),
  },
  {
    script: 'staff-action-begin',
    when: 'a first action',
    run: async (link) =>
      runStaffAction(link, (await start(link, 1)).claims, {
        authorize: () => undefined,
        change: () => Promise.resolve(),
        record: () => Promise.resolve(),
      }),
  },
  ...['a first device', 'one device more than are remembered'].map((when, i) => ({
    script: 'device-note',
    when,
    run: async (link: RedisLink) => {
      for (let used = 0; used <= i * 20; used += 1)
        await noteDevice(link, USER, { device: `device ${used}`, address: '192.0.2.1' }, 1000 + used);
    },
  })),
];
