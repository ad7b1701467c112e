import { describe, expect } from 'vitest';
import { authzKey } from '../../src/redis/keys.ts';
import { RateLimiter } from '../../src/redis/rate-limiter.ts';
import { Refusal } from '../../src/refusal.ts';
import { listSessions } from '../../src/sessions/list.ts';
import { type SessionOpener, startSession } from '../../src/sessions/start.ts';
import { type Authorization, writeAuthorization } from '../../src/users/authorization.ts';
import { CLIENT, openerFor, type SessionStore, sessionTest } from './session-store.ts';

const MAX = 3;
const WINDOW_SECONDS = 60;

const test = sessionTest({ sessionsPerUserMax: 2, sessionsPerUserPolicy: 'refuse' });

const limiterOf = ({ one }: SessionStore): RateLimiter =>
  new RateLimiter(one.redis, {
    name: 'logins',
    max: MAX,
    windowSeconds: WINDOW_SECONDS,
    countersOf: (subject) => ({ subject, steps: ['1'] }),
  });

/** What the start of a session leads to for a user who has got another authorization since the password was compared. */
async function startAfter(
  { one, addUser }: SessionStore,
  now: Partial<Authorization> | 'blocked',
  opener: Partial<SessionOpener> = {},
) {
  const sub = await addUser();
  const text = now === 'blocked' ? '' : writeAuthorization({ role: 'user', generation: 0, ...now });
  await one.redis.runFor(authzKey(sub), async (client) =>
    now === 'blocked' ? client.del(authzKey(sub)) : client.set(authzKey(sub), text),
  );
  const session = await startSession(one, { ...openerFor(sub), ...opener }, Date.now());
  const sessions = await listSessions(one.redis, sub);
  return { session, sessions: sessions.length };
}

const reasonOf = (session: unknown): string | undefined =>
  session instanceof Refusal ? session.reason : undefined;

describe('after a change of the user, a session', () => {
  test.for<[string, Partial<Authorization> | 'blocked', string]>([
    ['was blocked', 'blocked', 'user_not_active'],
    ['had all sessions ended', { generation: 1 }, 'user_changed'],
    ['got address ranges that do not allow the client', { ranges: ['203.0.113.0/24'] }, 'address_refused'],
  ])('is not started if the user %s', async ([, now, reason], { store }) => {
    const { session, sessions } = await startAfter(store, now);
    expect([reasonOf(session), sessions]).toEqual([reason, 0]);
  });

  test('is started within the new address ranges', async ({ store }) => {
    const { session, sessions } = await startAfter(store, { ranges: [`${CLIENT.address}/32`] });
    expect([reasonOf(session), sessions]).toEqual([undefined, 1]);
  });

  test('is a short one for a user who has become staff, whatever was asked for', async ({ store }) => {
    const { session } = await startAfter(store, { role: 'admin' }, { remember: true });
    expect(session).toMatchObject({ remember: false });
  });
});

test('concurrent logins of one user never exceed the limit', async ({ store }) => {
  const sub = await store.addUser();
  const limit = limiterOf(store).counterOf(sub);
  const nowMs = Date.now();
  const logins = await Promise.all(
    Array.from({ length: 10 }, () => startSession(store.one, { ...openerFor(sub), limit }, nowMs)),
  );
  const reasons = logins.map(reasonOf);
  expect(reasons.filter((reason) => reason !== 'login_rate_exceeded')).toEqual([
    ...[undefined, undefined],
    'too_many_sessions',
  ]);
  expect(logins.at(-1)).toMatchObject({ retryAfterSeconds: WINDOW_SECONDS });
  expect(await limiterOf(store).take(sub, nowMs)).toBe(WINDOW_SECONDS);
  expect(await limiterOf(store).take(sub, nowMs + WINDOW_SECONDS * 1000)).toBe(0);
});

test('a login that starts no session because of a change of the user is not counted', async ({ store }) => {
  const sub = await store.addUser();
  const limiter = limiterOf(store);
  const opener = { ...openerFor(sub), verifiedGeneration: 7, limit: limiter.counterOf(sub) };
  expect(reasonOf(await startSession(store.one, opener, Date.now()))).toBe('user_changed');
  expect(await limiter.usage(sub, Date.now())).toEqual({ count: 0, retryAfterSeconds: 0 });
});
