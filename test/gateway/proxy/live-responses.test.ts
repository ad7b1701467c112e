import { setTimeout as delay } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AccessClaims } from '../../../src/jwt/access-token.ts';
import { authzKey, sessionKey } from '../../../src/redis/keys.ts';
import {
  type Authorization,
  readAuthorization,
  writeAuthorization,
} from '../../../src/users/authorization.ts';
import { type EventReader, readEvents } from '../../bank/event-reader.ts';
import { bearer, postJson } from '../../support/gateway.ts';
import { logIn, refresh, refreshed, startAnotherGateway, type Tokens } from '../../support/sessions.ts';
import { startTestStack, type TestStack } from '../../support/stack.ts';
import { until } from '../../support/until.ts';

const CLOSED_WITHIN_MS = 1000;
/** Every live response is checked within two seconds even without a message, and a new one within half a second. */
const FULL_CHECK_MS = 2000;
const NEW_FOR_MS = 500;

let stack: TestStack;
let second: { url: string; close(): Promise<void> };
beforeAll(async () => {
  stack = await startTestStack({ SESSIONS_PER_USER_MAX: '1000' }, { BANK_STREAM_HEARTBEAT_MS: '100' });
  second = await startAnotherGateway(stack);
});
afterAll(async () => {
  await second.close();
  await stack.close();
});

interface OpenStream {
  reader: EventReader;
  /** Resolves when the gateway has closed it. */
  ended: Promise<unknown>;
  isOpen(): boolean;
}

const opened: OpenStream[] = [];
afterEach(() => {
  for (const { reader } of opened.splice(0)) reader.abort();
});

/** Opens the event stream of alice's account for alice and of bob's for other users, and waits for the first data. */
async function open(url: string, { access_token }: Tokens, username = 'bob'): Promise<OpenStream> {
  const reader = await readEvents(
    `${url}/bank/accounts/${stack.accounts[username === 'alice' ? 'alice' : 'bob']}/stream`,
    {
      ...bearer(access_token),
      accept: 'text/event-stream',
    },
  );
  expect(reader.response.statusCode).toBe(200);
  reader.response.on('error', () => {});
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  reader.response.on('close', resolve);
  const stream = { reader, ended, isOpen: () => !reader.response.closed };
  opened.push(stream);
  await until(() => reader.text() !== '');
  return stream;
}

const claimsOf = ({ access_token }: Tokens): AccessClaims => decodeJwt(access_token) as AccessClaims;
const ask = (tokens: Tokens, method: string, path: string): Promise<Response> =>
  fetch(stack.url + path, { method, headers: bearer(tokens.access_token) });
/** Whether a stream is still live: more data arrives. */
async function isLive({ reader }: OpenStream): Promise<boolean> {
  const before = reader.text().length;
  await until(() => reader.text().length > before);
  return true;
}

/** The ways to revoke, in an order in which none affects a later one. */
const REVOCATIONS: [
  what: string,
  username: string,
  act: (mine: Tokens, other: Tokens) => Promise<unknown>,
][] = [
  ['of a logout', 'bob', (one) => ask(one, 'POST', '/auth/logout')],
  ['of a replayed refresh token', 'bob', (one) => replay(one)],
  [
    'of another session ending its session',
    'bob',
    (one, another) => ask(another, 'DELETE', `/auth/sessions/${one.session_id}`),
  ],
  [
    'of another session ending all others',
    'bob',
    (_one, another) => ask(another, 'DELETE', '/auth/sessions?keep=current'),
  ],
  ['of one more login that replaces its session', 'root', () => logInOnly('root')],
  ['of an operator logging out its user', 'alice', (one) => actOn(one, 'logout')],
  ['of its user being blocked', 'sam', (one) => actOn(one, 'block')],
];

async function replay({ refresh_token }: Tokens): Promise<void> {
  await refreshed(stack.url, refresh_token);
  stack.advanceClock(10_000);
  expect((await refresh(stack.url, refresh_token)).status).toBe(401);
  stack.advanceClock(-10_000);
}

/** Logs in at a gateway that allows one session per user. */
async function logInOnly(username: string): Promise<void> {
  const single = await startAnotherGateway(stack, { settings: { sessionsPerUserMax: 1 } });
  await logIn(single.url, username);
  await single.close();
}

async function actOn(tokens: Tokens, act: string): Promise<void> {
  const staff = await logIn(stack.url, 'ada');
  expect((await ask(staff, 'POST', `/admin/users/${claimsOf(tokens).sub}/${act}`)).status).toBe(200);
}

describe('an open event stream on any gateway is closed within a second', () => {
  const sessions = new Map<string, { one: Tokens; another: Tokens; streams: OpenStream[] }>();
  let bystander: OpenStream;
  beforeAll(async () => {
    const another = await logIn(stack.url, 'bob');
    bystander = await open(second.url, another);
    for (const [what, username] of REVOCATIONS) {
      const one = await logIn(stack.url, username);
      const streams = await Promise.all([stack.url, second.url].map((url) => open(url, one, username)));
      sessions.set(what, { one, another, streams });
    }
    opened.length = 0;
    await delay(NEW_FOR_MS);
  });

  test.each(REVOCATIONS.map(([what, , act]) => [what, act] as const))('%s', async (what, act) => {
    const { one, another, streams = [] } = sessions.get(what) ?? {};
    if (one === undefined || another === undefined) throw new Error('there is no session');
    expect(streams.map((stream) => stream.isOpen())).toEqual([true, true]);
    await act(one, another);
    const startedAt = performance.now();
    await Promise.all(streams.map(({ ended }) => ended));
    expect(performance.now() - startedAt).toBeLessThan(CLOSED_WITHIN_MS);
    expect(await isLive(bystander)).toBe(true);
  });

  test('of the expiry of its token, and not earlier', async () => {
    const hasty = await startAnotherGateway(stack, { settings: { accessTokenTtlSeconds: 2 } });
    const tokens = await logIn(hasty.url);
    const stream = await open(hasty.url, tokens);
    await stream.ended;
    const lateMs = Date.now() - claimsOf(tokens).exp * 1000;
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(CLOSED_WITHIN_MS);
    await hasty.close();
  });
});

describe('an open event stream is closed within a few seconds, even without a message,', () => {
  let mine: Tokens;

  test.each<[string, boolean, () => Promise<unknown>]>([
    [
      'of a revocation without a message',
      true,
      () => stack.link.run((client) => client.del(sessionKey(...idsOf(mine)))),
    ],
    ['of a role change of its user', false, () => setAuthorization({ role: 'supervisor' })],
    [
      'of its address being removed from the allowed ranges of its user',
      false,
      () => setAuthorization({ ranges: ['198.51.100.7'] }),
    ],
    ['of a revocation while the subscription is disconnected', true, () => cutAndRevoke()],
  ])('%s', async (_what, isCheckedAlready, act) => {
    const stream = await open(stack.url, mine);
    if (isCheckedAlready) await delay(NEW_FOR_MS);
    expect(stream.isOpen()).toBe(true);
    const startedAt = performance.now();
    await act();
    await stream.ended;
    expect(performance.now() - startedAt).toBeLessThan(FULL_CHECK_MS + 500);
    await stack.link.run((client) =>
      client.set(authzKey(claimsOf(mine).sub), writeAuthorization(authorization)),
    );
  });

  let authorization: Authorization;
  beforeEach(async () => {
    mine = await logIn(stack.url);
    const stored = await stack.link.run((client) => client.get(authzKey(claimsOf(mine).sub)));
    authorization = readAuthorization(stored ?? '');
  });

  const idsOf = (tokens: Tokens): [string, string] => [claimsOf(tokens).sub, claimsOf(tokens).sid];

  async function setAuthorization(changes: Partial<Authorization>): Promise<void> {
    const changed = writeAuthorization({ ...authorization, ...changes });
    await stack.link.run((client) => client.set(authzKey(claimsOf(mine).sub), changed));
  }

  const cutAndRevoke = (): Promise<unknown> =>
    stack.link.run((client) =>
      Promise.all([
        client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']),
        client.del(sessionKey(...idsOf(mine))),
      ]),
    );
});

test('a Redis outage alone closes no stream: later events still arrive', async () => {
  const mine = await logIn(stack.url);
  const stream = await open(stack.url, mine);
  stack.redis.freeze();
  try {
    const refused = await ask(mine, 'GET', '/auth/session');
    expect(refused.status).toBe(503);
    await delay(FULL_CHECK_MS);
    expect(stream.isOpen()).toBe(true);
  } finally {
    stack.redis.thaw();
  }
  await until(async () => (await fetch(`${stack.url}/readyz`)).ok);
  const transfer = { to: stack.accounts.alice, amountMinor: 100, description: 'after the outage' };
  const headers = { ...bearer(mine.access_token), 'idempotency-key': crypto.randomUUID() };
  await until(async () => {
    const response = await postJson(
      `${stack.url}/bank/accounts/${stack.accounts.bob}/transfers`,
      transfer,
      headers,
    );
    return response.ok;
  });
  expect((await stream.reader.first(1))[0]?.data).toMatchObject({ description: 'after the outage' });
  await ask(mine, 'POST', '/auth/logout');
  await stream.ended;
});

test('a stream ends with a complete response, both when it is revoked and when the gateway stops', async () => {
  const stopping = await startAnotherGateway(stack);
  const tokens = await logIn(stack.url);
  const path = `/bank/accounts/${stack.accounts.bob}/stream`;
  const ask = (url: string): Promise<Response> =>
    fetch(`${url}${path}`, { headers: bearer(tokens.access_token) });
  const [revoked, stopped] = [await ask(stack.url), await ask(stopping.url)];
  const startedAt = performance.now();
  await stopping.close();
  expect(await stopped.text()).toMatch(/^retry: [12]\d{3}\n/);
  expect(performance.now() - startedAt).toBeLessThan(CLOSED_WITHIN_MS);
  await fetch(`${stack.url}/auth/logout`, { method: 'POST', headers: bearer(tokens.access_token) });
  expect(await revoked.text()).toMatch(/^retry: [12]\d{3}\n/);
});
