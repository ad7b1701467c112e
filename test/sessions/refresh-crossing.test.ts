import { describe, expect } from 'vitest';
import { sessionKey } from '../../src/redis/keys.ts';
import { Refusal } from '../../src/refusal.ts';
import { listSessions } from '../../src/sessions/list.ts';
import { type RefreshedPair, type RefreshRequest, refreshSession } from '../../src/sessions/refresh.ts';
import type { StartedSession } from '../../src/sessions/start.ts';
import { until } from '../support/until.ts';
import { CLIENT, sessionTest } from './session-store.ts';

const GRACE_MS = 10_000;
const SHORT_GRACE_MS = 1000;

const test = sessionTest()
  .extend('session', async ({ store }) => store.start(await store.addUser()))
  .extend(
    'refresh',
    ({ store }) =>
      ({ refreshToken: token }: Pick<StartedSession, 'refreshToken'>, client: Partial<RefreshRequest> = {}) =>
        refreshSession(store.one, { token, ...CLIENT, ...client }, Date.now()),
  )
  .extend('isActive', ({ store }) => async ({ claims }: StartedSession): Promise<boolean> => {
    const key = sessionKey(claims.sub, claims.sid);
    return (await store.one.redis.runFor(key, (client) => client.exists(key))) === 1;
  });

const shortTest = sessionTest({ refreshGraceSeconds: SHORT_GRACE_MS / 1000 });

const pairOf = (outcome: RefreshedPair | Refusal<string>): RefreshedPair => {
  if (outcome instanceof Refusal) throw new Error(outcome.reason);
  return outcome;
};

describe('within the grace window, the token that another request has used', () => {
  test.for<[who: string, client: Partial<RefreshRequest>]>([
    ['another network', { address: '198.51.100.7' }],
    ['another user agent', { userAgent: 'another test' }],
    ['no user agent', { userAgent: undefined }],
  ])('ends the session when it comes from %s', async ([, client], { session, refresh, isActive }) => {
    pairOf(await refresh(session));
    expect(await refresh(session, client)).toMatchObject({
      reason: 'refresh_reused',
      detail: `last refresh from ${CLIENT.address}`,
    });
    expect(await isActive(session)).toBe(false);
  });

  test('ends the session also when the thief was first', async ({ session, refresh, isActive }) => {
    pairOf(await refresh(session, { address: '198.51.100.7' }));
    expect(await refresh(session)).toMatchObject({
      reason: 'refresh_reused',
      detail: 'last refresh from 198.51.100.7',
    });
    expect(await isActive(session)).toBe(false);
  });

  test('returns the successor to the same client, and names the address of the other request', async ({
    session,
    refresh,
    isActive,
  }) => {
    const first = pairOf(await refresh(session));
    const second = pairOf(await refresh(session));
    expect([first.crossedWith, second.crossedWith]).toEqual([undefined, CLIENT.address]);
    expect(second.refreshToken).toBe(first.refreshToken);
    expect(await isActive(session)).toBe(true);
  });

  test('returns the successor to another address of the same IPv6 network', async ({ session, refresh }) => {
    const first = pairOf(await refresh(session, { address: '2001:db8::1' }));
    const second = pairOf(await refresh(session, { address: '2001:db8::2' }));
    expect(second).toMatchObject({ refreshToken: first.refreshToken, crossedWith: '2001:db8::1' });
  });
});

test('a session may be refreshed from another network when no other request has used its token', async ({
  session,
  refresh,
}) => {
  const first = pairOf(await refresh(session));
  pairOf(await refresh(first, { address: '198.51.100.7', userAgent: 'another test' }));
});

test('the list shows the address, device and time of the last refresh', async ({
  store,
  session,
  refresh,
}) => {
  const beforeMs = Date.now();
  pairOf(await refresh(session, { address: '198.51.100.7', device: 'Firefox on Linux' }));
  const [listed] = await listSessions(store.one.redis, session.claims.sub);
  expect(listed).toMatchObject({ address: '198.51.100.7', device: 'Firefox on Linux' });
  expect(Date.parse(listed?.refreshed_at ?? '')).toBeGreaterThanOrEqual(beforeMs);
  expect(Date.parse(listed?.created_at ?? '')).toBeLessThanOrEqual(beforeMs);
});

shortTest('a gateway whose clock is ahead does not extend the grace window', async ({ store }) => {
  const session = await store.start(await store.addUser());
  const request = { token: session.refreshToken, ...CLIENT };
  pairOf(await refreshSession(store.one, request, Date.now() + 600_000));
  const advancedAt = performance.now();
  expect(await refreshSession(store.other, request, Date.now())).not.toBeInstanceOf(Refusal);
  await until(() => performance.now() - advancedAt > SHORT_GRACE_MS);
  expect(await refreshSession(store.other, request, Date.now())).toMatchObject({ reason: 'refresh_reused' });
});

test('a gateway whose clock is behind does not extend the grace window', async ({ store, session }) => {
  const request = { token: session.refreshToken, ...CLIENT };
  pairOf(await refreshSession(store.one, request, Date.now() - 600_000));
  expect(await refreshSession(store.other, request, Date.now() + GRACE_MS + 1000)).toMatchObject({
    reason: 'refresh_reused',
  });
});
