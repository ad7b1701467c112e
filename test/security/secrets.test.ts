import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seedDemoUsers } from '../../src/dev/demo-users.ts';
import { makeKeyPem } from '../../src/keys/ring.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { PasswordHasher } from '../../src/users/passwords.ts';
import { bearer, postJson } from '../support/gateway.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { refresh, refreshed, type Tokens } from '../support/sessions.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const SITE = 'http://127.0.0.1:8080';

let redis: TestRedis;
let bank: Upstream;
let gateway: ChildProcess;
let dataDir: string;
let signingKey: string;
let printed = '';
/** Every command sent to Redis, as printed by MONITOR. */
let monitored = '';
let monitor: ReturnType<typeof createClient>;

beforeAll(async () => {
  [redis, bank, dataDir, signingKey] = await Promise.all([
    startTestRedis(),
    startUpstream(),
    mkdtemp(join(tmpdir(), 'portcullis-secrets-')),
    makeKeyPem(),
  ]);
  await seed();
  monitor = createClient({ socket: { path: redis.url.slice('unix://'.length), tls: false } });
  monitor.on('error', () => {});
  await monitor.connect();
  await monitor.monitor((reply) => {
    monitored += `${reply}\n`;
  });
  const settings = {
    REDIS_URL: redis.url,
    BANK_URL: bank.url,
    SHUTDOWN_SETTLE_MS: '0',
    DATA_DIR: dataDir,
    SIGNING_KEY: signingKey,
    GATEWAY_PORT: '0',
    HEALTH_PORT: '0',
    LOG_LEVEL: 'debug',
  };
  gateway = spawn(process.execPath, ['src/main.ts', 'gateway'], {
    env: { PATH: process.env.PATH, ...settings },
  });
  for (const stream of [gateway.stdout, gateway.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
  }
  await until(() => printed.includes('redis_connected') && printed.includes('gateway_listening'));
});

afterAll(async () => {
  monitor.destroy();
  if (gateway.exitCode === null) {
    gateway.kill('SIGTERM');
    await once(gateway, 'exit');
  }
  await Promise.all([redis.stop(), bank.close(), rm(dataDir, { recursive: true })]);
});

async function seed(): Promise<void> {
  const link = new RedisLink({ url: redis.url, deadlineMs: 900, log: createLog('cli', 'silent') });
  const hasher = new PasswordHasher({ workers: 1, queueMax: 1 });
  await link.whenReady(30_000);
  await seedDemoUsers(link, hasher, new Date());
  await hasher.close();
  link.close();
}

interface Credentials {
  /** The tokens of a login, and those of its first refresh. */
  issued: Tokens;
  next: Tokens;
  /** The cookies of another login, each as `name=value`. */
  cookie: string;
  refreshCookie: string;
  deviceCookie: string;
}

async function logInTwice(url: string): Promise<Credentials> {
  const user = { username: 'bob', password: 'foobared' };
  const login = await postJson(`${url}/auth/login`, user);
  const cookieLogin = await postJson(`${url}/auth/login`, { ...user, transport: 'cookie' }, { origin: SITE });
  expect([login.status, cookieLogin.status]).toEqual([200, 200]);
  const issued = (await login.json()) as Tokens;
  const [cookie = '', refreshCookie = '', , deviceCookie = ''] = cookieLogin.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '');
  return { issued, next: await refreshed(url, issued.refresh_token), cookie, refreshCookie, deviceCookie };
}

/** Requests with each credential, valid and manipulated, in the right place and in wrong ones. */
function requestsWith(
  url: string,
  { issued, next, cookie, refreshCookie, deviceCookie }: Credentials,
): Promise<Response>[] {
  const { access_token: token, refresh_token } = issued;
  const device_token = deviceCookie.split('=')[1];
  return [
    postJson(`${url}/auth/login`, { username: 'bob', password: 'a-wrong-password', device_token }),
    postJson(
      `${url}/auth/login`,
      { username: 'ada', password: 'a-wrong-password' },
      { cookie: deviceCookie },
    ),
    fetch(`${url}/auth/session`, { headers: bearer(`${device_token}`) }),
    postJson(`${url}/auth/login`, { username: 'bob', password: 'a-wrong-password' }),
    postJson(`${url}/auth/login`, { username: 'typed-into-the-name-field', password: 'x' }),
    postJson(`${url}/auth/login`, { username: ['typed-into-the-name-field'], password: 'foobared' }),
    fetch(`${url}/auth/session`, { headers: bearer(token) }),
    fetch(`${url}/auth/session`, { headers: { cookie } }),
    fetch(`${url}/bank/accounts?access_token=${token}`, { headers: {} }),
    fetch(`${url}/bank/accounts?q=foobared`, { headers: bearer(token) }),
    fetch(`${url}/bank/accounts`, { headers: bearer(`${token.slice(0, -4)}AAAA`) }),
    fetch(`${url}/bank/accounts`, { headers: { ...bearer(token), cookie } }),
    fetch(`${url}/${token}`),
    refresh(url, refresh_token),
    refresh(url, `${next.refresh_token.slice(0, -4)}AAAA`),
    fetch(`${url}/auth/refresh?refresh_token=${next.refresh_token}`, { method: 'POST' }),
    fetch(`${url}/auth/refresh`, { method: 'POST', headers: { cookie: refreshCookie, origin: SITE } }),
    fetch(`${url}/auth/session`, { headers: bearer(next.refresh_token) }),
    fetch(`${url}/${next.refresh_token}`),
    fetch(`${url}/auth/logout`, { method: 'POST', headers: bearer(token) }),
  ];
}

test('no token, password, cookie, assertion or key appears in the log, in Redis or in a Redis command', async () => {
  const url = /"gateway_listening","url":"(http:[^"]+)"/.exec(printed)?.[1] ?? '';
  const secrets = new Set<string>(['foobared', 'a-wrong-password']);
  const keep = (secret: string): void => {
    for (const part of secret.split('.')) if (part.length > 40) secrets.add(part);
  };
  bank.respondWith((incoming, outgoing) => {
    keep(incoming.headers.authorization?.slice('Bearer '.length) ?? '');
    outgoing.end('{}');
  });

  const credentials = await logInTwice(url);
  const { issued, next, cookie, refreshCookie, deviceCookie } = credentials;
  const responses = await Promise.all(requestsWith(url, credentials));
  expect(responses.every(({ status }) => status < 500)).toBe(true);
  await redis.kill();
  const duringOutage = await fetch(`${url}/bank/accounts`, { headers: { cookie } });
  expect(duringOutage.status).toBe(503);
  await redis.restart();
  const [refreshKey, pepper] = await Promise.all(
    ['refresh.key', 'password-pepper.key'].map((file) => readFile(join(dataDir, 'keys', file), 'utf8')),
  );
  const tokens = [issued.access_token, next.access_token, issued.refresh_token, next.refresh_token];
  for (const secret of [
    ...tokens,
    cookie,
    refreshCookie,
    deviceCookie,
    `${refreshKey}`,
    `${pepper}`,
    ...signingKey.split('\n'),
  ])
    keep(secret);

  gateway.kill('SIGTERM');
  await once(gateway, 'exit');
  const dump = JSON.stringify([...(await redis.dump())]);
  expect(printed.match(/"granted":/g)?.length).toBeGreaterThanOrEqual(responses.length + 3);
  expect(monitored).toContain('jti:{');
  // The Redis command that looks up a username contains it; neither the log nor Redis stores it.
  expect(printed + dump).not.toContain('typed-into-the-name-field');
  for (const [where, text] of Object.entries({ printed, monitored, dump })) {
    for (const secret of secrets) {
      expect(text.includes(secret), `${secret.slice(0, 12)}… in ${where}`).toBe(false);
    }
  }
});
