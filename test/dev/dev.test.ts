import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { tour } from '../../src/dev/tour.ts';
import { isAlive } from '../support/processes.ts';
import { until } from '../support/until.ts';
import { type Dev, spawnDev, startDev } from './dev-under-test.ts';

const run = promisify(execFile);

const CURL_IF_MISSING = `command -v curl >/dev/null || curl() { '${process.execPath}' '${join(import.meta.dirname, '../support/curl-stand-in.ts')}' "$@"; }`;

let scratch: string;
let started: Dev | undefined;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'portcullis-dev-'));
  // The tests fail if they use the Redis of the environment that they run in.
  vi.stubEnv('REDIS_URL', 'redis://127.0.0.1:1');
});

afterEach(async () => {
  if (started?.child.exitCode === null) started.child.kill('SIGKILL');
  for (const pid of Object.values(started?.pids ?? {})) await until(() => !isAlive(pid));
  started = undefined;
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(scratch, { recursive: true, force: true });
});

async function start(name: string, env: NodeJS.ProcessEnv = {}): Promise<Dev> {
  started = await startDev(join(scratch, name), env);
  return started;
}

const running = ({ pids }: Dev): string[] =>
  Object.entries(pids).flatMap(([name, pid]) => (isAlive(pid) ? [name] : []));

interface Account {
  id: string;
  balanceMinor: number;
}

async function call<T>(dev: Dev, path: string, token: string, request: { body?: object } = {}): Promise<T> {
  const response = await fetch(`${dev.gatewayUrl}${path}`, {
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': crypto.randomUUID(),
    },
    ...(request.body === undefined ? {} : { method: 'POST', body: JSON.stringify(request.body) }),
  });
  expect(response.ok, `${path} responded with ${response.status}`).toBe(true);
  return (await response.json()) as T;
}

async function logIn(dev: Dev, username: string, password: string): Promise<string> {
  const body = { username, password };
  return (await call<{ access_token: string }>(dev, '/auth/login', 'none', { body })).access_token;
}

const accountOf = async (dev: Dev, token: string): Promise<Account | undefined> =>
  (await call<{ accounts: Account[] }>(dev, '/bank/accounts', token)).accounts[0];

/** What of a session stays the same from one moment to the next. */
const sessionOf = async (dev: Dev, token: string): Promise<object> => {
  const session = await call<Record<string, unknown>>(dev, '/auth/session', token);
  return Object.fromEntries(Object.entries(session).filter(([name]) => !name.endsWith('_in_ms')));
};

test('Ctrl-C stops everything, and the next start finds the same users, sessions and balances', async () => {
  const first = await start('kept');
  const bob = await logIn(first, 'bob', 'foobared');
  const alice = await accountOf(first, await logIn(first, 'alice', 'wonderland1'));
  const account = await accountOf(first, bob);
  const transfer = { to: alice?.id, amountMinor: 1234, description: 'lunch' };
  await call(first, `/bank/accounts/${account?.id}/transfers`, bob, { body: transfer });
  const session = await sessionOf(first, bob);
  first.signalGroup('SIGINT');
  expect(await first.ended, first.output()).toBe(0);
  expect(first.output()).toMatch(/\nStopped\.\n$/);
  expect(running(first)).toEqual([]);

  const second = await start('kept', { GATEWAY_PORT: new URL(first.gatewayUrl).port });
  expect(await sessionOf(second, bob)).toEqual(session);
  const balanceMinor = (account?.balanceMinor ?? 0) - 1234;
  expect(await accountOf(second, bob)).toMatchObject({ id: account?.id, balanceMinor });
});

const DPOP_CLIENT = [
  'logged in with a token of type DPoP',
  'the client uses the token: 200',
  'the client sends another request: 200',
  'a thief sends a copy of it: 401 dpop_proof_replayed',
  'a thief sends the token alone: 401 token_binding_wrong',
  'a thief uses a key of their own: 401 token_binding_wrong',
  'the client logs out: 204',
  'the client uses the token: 401 token_revoked',
];

test('each line of the curl tour does what it describes', async () => {
  const dev = await start('tour');
  const lines = tour(dev.gatewayUrl).flatMap(({ commands }) => commands);
  for (const line of lines) expect(dev.output()).toContain(`  ${line}\n`);
  const { stdout } = await run('sh', ['-c', [CURL_IF_MISSING, ...lines].join('\n')]);
  expect(stdout.trimEnd().split('\n')).toEqual([
    expect.stringContaining('"bob"'),
    expect.stringMatching(/"balanceMinor":\d{7,8},/),
    expect.stringMatching(/"transactions":\[\{/),
    expect.stringMatching(/"sessions":\[.*"current":/),
    '204',
    expect.stringMatching(/"code":"token_revoked".* 401$/),
    '204',
    expect.stringMatching(/"code":"token_revoked".* 401$/),
    ...DPOP_CLIENT,
    expect.stringMatching(/"bob".*"status":"blocked"/),
    expect.stringMatching(/"code":"token_revoked".* 401$/),
    expect.stringMatching(/"bob".*"status":"active"/),
    expect.stringMatching(/"ada".*"role":"user"/),
    expect.stringMatching(/"code":"insufficient_scope".* 403$/),
    expect.stringMatching(/"ada".*"role":"admin"/),
    expect.stringMatching(/"records":\[.*"action":"user_role"/),
  ]);
});

test('if Redis is killed, everything stops with exit code 1', async () => {
  const dev = await start('crash');
  process.kill(dev.pids.redis, 'SIGKILL');
  expect(await dev.ended).toBe(1);
  expect(dev.output()).toContain('portcullis: Redis has ended unexpectedly (SIGKILL)');
  expect(running(dev)).toEqual([]);
});

test('if the servers are killed with SIGKILL, Redis stops too', async () => {
  const dev = await start('orphans');
  expect(running(dev)).toEqual(['servers', 'redis']);
  dev.child.kill('SIGKILL');
  await until(() => running(dev).length === 0);
});

// Signals half a second apart are two. A busy machine can take as long for those that are sent together.
test('a second Ctrl-C stops at once despite a request in progress, and a duplicate of the first does not count', {
  retry: 3,
}, async () => {
  const dev = await start('second-signal');
  const socket = connect(Number(new URL(dev.gatewayUrl).port), '127.0.0.1').on('error', () => {});
  socket.write(
    'POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n',
  );
  // The gateway has requested the body, so the request is in progress.
  expect(String(await once(socket, 'data'))).toContain('100 Continue');
  dev.signalGroup('SIGINT');
  dev.signalGroup('SIGINT');
  await until(() => dev.output().includes('Stopping'));
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(running(dev), 'needed by the request in progress').toEqual(['servers', 'redis']);
  dev.signalGroup('SIGINT');
  expect(await dev.ended).toBe(130);
  await until(() => running(dev).length === 0);
});

test('a port in use is reported with the name of its setting before anything starts', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port } = squatter.address() as AddressInfo;
  const dev = spawnDev({ DATA_DIR: join(scratch, 'taken'), GATEWAY_PORT: `${port}` });
  expect(await dev.ended).toBe(1);
  expect(dev.output()).toMatch(`port ${port} is already in use: choose another, such as GATEWAY_PORT=`);
  squatter.close();
});

test('demo users are not created in production', async () => {
  const dev = spawnDev({ DATA_DIR: join(scratch, 'production'), NODE_ENV: 'production' });
  expect(await dev.ended).toBe(1);
  expect(dev.output()).toMatch(/^portcullis: NODE_ENV: .*does not run in production/);
});
