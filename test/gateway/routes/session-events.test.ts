import { setTimeout as delay } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { pino } from 'pino';
import { afterEach, test as base, describe, expect } from 'vitest';
import type { AccessClaims } from '../../../src/jwt/access-token.ts';
import { revocationsChannel, sessionKey } from '../../../src/redis/keys.ts';
import { type EventReader, readEvents } from '../../bank/event-reader.ts';
import { bearer, problemOf, startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { logIn, refreshed, startAnotherGateway, type Tokens } from '../../support/sessions.ts';
import { until } from '../../support/until.ts';
import { idOf, passwordOf, send } from './admin-clients.ts';

const AT_ONCE_MS = 1000;
const RECHECK_INTERVAL_MS = 2000;
const PER_USER = 6;
type Ask = (tokens: Pick<Tokens, 'access_token'>, method: string, path: string) => Promise<unknown>;
type ChangeUser = (username: string, action: string, body?: unknown) => Promise<unknown>;

const printed: string[] = [];
const opened: EventReader[] = [];
afterEach(async () => {
  const readers = opened.splice(0);
  for (const reader of readers) reader.abort();
  await until(() => readers.every(({ response }) => response.closed));
});

/** The events of a stream, once it has ended cleanly. */
async function eventsOf({ ended, events, text }: EventReader): Promise<unknown[]> {
  await ended;
  expect(text()).toMatch(/^retry: [12]\d{3}\n\n/);
  return events.map(({ event, data }) => [event, data]);
}
const oneEvent = (event: string, reason: string): unknown[] => [[event, { reason }]];

/** Whether a stream continues: it receives heartbeats and has received no event. */
async function continues({ text, events }: EventReader): Promise<boolean> {
  const before = text().length;
  await until(() => text().length > before);
  return events.length === 0;
}

const keyOf = ({ access_token }: Tokens): string => {
  const { sub, sid } = decodeJwt(access_token) as AccessClaims;
  return sessionKey(sub, sid);
};
const loggedEnds = ({ session_id }: Tokens): number =>
  printed.filter((line) => line.includes('"answer_ended"') && line.includes(session_id)).length;

const test = base
  .extend('gateway', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestGateway> => {
    const log = pino({ level: 'info' }, { write: (line) => printed.push(line) });
    const gateway = await startTestGateway(
      {
        SESSIONS_PER_USER_MAX: '1000',
        SESSION_EVENTS_PER_USER_MAX: String(PER_USER),
        IDLE_TIMEOUT_MS: '2000',
      },
      log,
    );
    onCleanup(() => gateway.close());
    return gateway;
  })
  .extend('second', { scope: 'file' }, async ({ gateway }, { onCleanup }) => {
    const second = await startAnotherGateway(gateway, { settings: { idleTimeoutMs: 600 } });
    onCleanup(() => second.close());
    return second;
  })
  .extend('root', { scope: 'file' }, ({ gateway }) => gateway.login('root'))
  /** Opens the stream of a session and waits for its first bytes. */
  .extend(
    'open',
    ({ gateway }) =>
      async (
        { access_token }: Pick<Tokens, 'access_token'>,
        url = gateway.url,
        headers: Record<string, string> = { accept: 'text/event-stream' },
      ): Promise<EventReader> => {
        const reader = await readEvents(`${url}/auth/session/events`, {
          ...bearer(access_token),
          ...headers,
        });
        opened.push(reader);
        reader.response.on('error', () => {});
        expect(reader.response.statusCode).toBe(200);
        await until(() => reader.text() !== '');
        return reader;
      },
  )
  .extend(
    'ask',
    ({ gateway }) =>
      ({ access_token: token }: Pick<Tokens, 'access_token'>, method: string, path: string) =>
        send(gateway.url + path, method, { token }),
  )
  .extend(
    'changeUser',
    ({ gateway, root }) =>
      (username: string, act: string, body?: unknown) =>
        send(`${gateway.url}/admin/users/${idOf(gateway, username)}/${act}`, body ? 'PUT' : 'POST', {
          token: root,
          body,
        }),
  )
  .extend(
    'openRaw',
    ({ gateway }) =>
      (headers: Record<string, string>, method = 'GET'): Promise<Response> =>
        fetch(`${gateway.url}/auth/session/events`, { method, headers }),
  );

describe('an event is sent within a second, at whichever gateway the page is connected,', () => {
  test.for<
    [what: string, username: string, reason: string, (ask: Ask, one: Tokens, another: Tokens) => unknown]
  >([
    ['logout', 'bob', 'session_ended', (ask, one) => ask(one, 'POST', '/auth/logout')],
    [
      'its end from another session',
      'bob',
      'session_ended',
      (ask, one, another) => ask(another, 'DELETE', `/auth/sessions/${one.session_id}`),
    ],
    [
      'the end of all sessions but another one',
      'bob',
      'session_ended',
      (ask, _one, another) => ask(another, 'DELETE', '/auth/sessions?keep=current'),
    ],
  ])(
    'on %s, and the streams of other sessions continue',
    async ([_what, username, reason, act], { gateway, open, second, ask }) => {
      const [one, another] = [await logIn(gateway.url, username), await logIn(gateway.url, username)];
      const streams = [await open(one), await open(one, second.url)];
      const others = [await open(another), await open(another, second.url)];
      const startedAt = performance.now();
      await act(ask, one, another);
      for (const stream of streams) expect(await eventsOf(stream)).toEqual(oneEvent('ended', reason));
      expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
      expect(await Promise.all(others.map(continues))).toEqual([true, true]);
    },
  );

  test.for<
    [what: string, username: string, event: string, reason: string, act: (changeUser: ChangeUser) => unknown]
  >([
    [
      'a role change',
      'ada',
      'renew',
      'role_changed',
      (changeUser) => changeUser('ada', 'role', { role: 'supervisor' }),
    ],
    [
      'an address that is no longer allowed',
      'sam',
      'ended',
      'address_refused',
      (changeUser) => changeUser('sam', 'ranges', { ranges: ['198.51.100.7'] }),
    ],
    ['blocking of its user', 'alice', 'ended', 'user_blocked', (changeUser) => changeUser('alice', 'block')],
  ])('on %s', async ([_what, username, event, reason, act], { gateway, open, second, changeUser }) => {
    const tokens = await logIn(gateway.url, username);
    const streams = [await open(tokens), await open(tokens, second.url)];
    const startedAt = performance.now();
    await act(changeUser);
    for (const stream of streams) expect(await eventsOf(stream)).toEqual(oneEvent(event, reason));
    expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
  });

  test('on a password change, and only the session that changed it need not log in again', async ({
    gateway,
    open,
    second,
  }) => {
    const [first, another] = [await logIn(gateway.url, 'ada'), await logIn(gateway.url, 'ada')];
    const older = await open(first);
    const newest = await refreshed(
      gateway.url,
      (await refreshed(gateway.url, first.refresh_token)).refresh_token,
    );
    const [current, other] = [await open(newest), await open(another, second.url)];
    const body = { current_password: passwordOf('ada'), new_password: 'correct horse battery' };
    const change = (sent: object) =>
      send(`${gateway.url}/auth/password`, 'POST', { token: newest.access_token, body: sent });
    // The thread that rates passwords may take longer to start than the idle timeout of a connection here.
    const weak = { ...body, new_password: 'aaaaaaaaaaaaaaa' };
    const isRated = () =>
      change(weak)
        .then(({ status }) => status === 400)
        .catch(() => false);
    await until(isRated);
    const changed = await change(body);
    const startedAt = performance.now();
    expect(changed.status).toBe(204);
    expect(await eventsOf(other)).toEqual(oneEvent('ended', 'session_ended'));
    expect(await eventsOf(older)).toEqual(oneEvent('renew', 'token_expired'));
    expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
    expect(await continues(current)).toBe(true);
  });

  test('on the expiry of its token', async ({ open, gateway }) => {
    const stream = await open(await logIn(gateway.url));
    const startedAt = performance.now();
    const aheadMs = gateway.settings.accessTokenTtlSeconds * 1000;
    gateway.advanceClock(aheadMs);
    try {
      expect(await eventsOf(stream)).toEqual(oneEvent('renew', 'token_expired'));
      expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
    } finally {
      gateway.advanceClock(-aheadMs);
    }
  });

  test('once, even if published repeatedly', async ({ gateway, open, ask }) => {
    const tokens = await logIn(gateway.url);
    const stream = await open(tokens);
    const { sub } = decodeJwt(tokens.access_token) as AccessClaims;
    const announce = () => gateway.link.run((client) => client.publish(revocationsChannel(), sub));
    await Promise.all([
      gateway.link.run((client) => client.del(keyOf(tokens))),
      ...Array.from({ length: 50 }, announce),
    ]);
    expect(await eventsOf(stream)).toEqual(oneEvent('ended', 'session_ended'));
    await ask(await logIn(gateway.url), 'DELETE', '/auth/sessions');
    await until(() => loggedEnds(tokens) >= 1);
    expect(loggedEnds(tokens)).toBe(1);
  });
});

test('an idle session ends with its page open, because the stream is not activity, whatever its Accept header', async ({
  gateway,
  open,
}) => {
  const tokens = await logIn(gateway.url);
  await gateway.link.run((client) => client.pExpire(keyOf(tokens), 800));
  const startedAt = performance.now();
  const stream = await open(tokens, gateway.url, { accept: '*/*' });
  expect(await eventsOf(stream)).toEqual(oneEvent('ended', 'session_ended'));
  expect(performance.now() - startedAt).toBeLessThan(800 + RECHECK_INTERVAL_MS + 500);
});

test('heartbeats keep a quiet stream open beyond the idle timeout of its connection', async ({
  open,
  gateway,
  second,
}) => {
  const stream = await open(await logIn(gateway.url), second.url);
  await delay(1000);
  expect(await continues(stream)).toBe(true);
  expect(stream.text()).toMatch(/^retry: [12]\d{3}\n\n(?:: still here\n\n)+$/);
});

describe('a stream', () => {
  test('requires a token that is not revoked', async ({ gateway, ask, openRaw }) => {
    const gone = await logIn(gateway.url);
    await ask(gone, 'POST', '/auth/logout');
    expect(await problemOf(await openRaw({}))).toEqual({ status: 401, code: 'credential_missing' });
    expect(await problemOf(await openRaw(bearer(gone.access_token)))).toEqual({
      status: 401,
      code: 'token_revoked',
    });
  });

  test('has headers against caching, buffering and sniffing, and HEAD returns the same ones at once', async ({
    gateway,
    open,
    openRaw,
  }) => {
    const tokens = await logIn(gateway.url);
    const { headers } = (await open(tokens)).response;
    const expected = {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    };
    expect(headers).toMatchObject(expected);
    const head = await openRaw(bearer(tokens.access_token), 'HEAD');
    expect(head.status).toBe(200);
    expect(Object.fromEntries(head.headers)).toMatchObject(expected);
    expect(await head.text()).toBe('');
  });

  test('has a random reconnection time, so that streams that end together do not reconnect together', async ({
    gateway,
    open,
  }) => {
    const tokens = await logIn(gateway.url);
    const streams = await Promise.all(Array.from({ length: 5 }, () => open(tokens)));
    expect(new Set(streams.map(({ text }) => text())).size).toBeGreaterThan(1);
  });

  test("counts against the user's limit of session event streams until its client has left", async ({
    gateway,
    open,
    openRaw,
    root,
    ask,
  }) => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const tokens = await logIn(gateway.url, 'bob');
    const streams = await Promise.all(Array.from({ length: PER_USER }, () => open(tokens)));
    expect(timers()).toBeGreaterThanOrEqual(PER_USER);
    const refused = await openRaw(bearer(tokens.access_token));
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await problemOf(refused)).toEqual({ status: 429, code: 'too_many_requests' });
    expect(await continues(await open({ access_token: root }))).toBe(true);

    for (const { abort } of [...streams, ...opened]) abort();
    await until(() => timers() < PER_USER);
    const again = await Promise.all(Array.from({ length: PER_USER }, () => open(tokens)));
    await ask(tokens, 'POST', '/auth/logout');
    await Promise.all(again.map(({ ended }) => ended));
    await until(() => loggedEnds(tokens) >= PER_USER);
    expect(loggedEnds(tokens)).toBe(PER_USER);
  });
});

test('a gateway that stops ends the streams at once and cleanly, without an event', async ({
  gateway,
  open,
}) => {
  const stopping = await startAnotherGateway(gateway);
  const tokens = await logIn(gateway.url);
  const stream = await open(tokens, stopping.url);
  const kept = await fetch(`${stopping.url}/auth/session/events`, { headers: bearer(tokens.access_token) });
  const startedAt = performance.now();
  const stopped = stopping.close();
  expect(await eventsOf(stream)).toEqual([]);
  expect(await kept.text()).toMatch(/^retry: [12]\d{3}\n\n$/);
  await stopped;
  expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
});
