import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GatewaySettings, gatewaySettings } from '../../src/config/load.ts';
import { DEMO_USERS, seedDemoUsers } from '../../src/dev/demo-users.ts';
import { startGateway } from '../../src/gateway/server.ts';
import type { WebBuild } from '../../src/gateway/static/web-build.ts';
import { type KeyRing, keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';
import { createLog, type Logger } from '../../src/log.ts';
import { publishedDescription } from '../../src/openapi/publish.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { PasswordHasher } from '../../src/users/passwords.ts';
import type { User } from '../../src/users/users.ts';
import { startTestRedis, type TestRedis } from './redis.ts';

export interface TestGateway {
  url: string;
  settings: GatewaySettings;
  redis: TestRedis;
  /** A connection of the test's own. */
  link: RedisLink;
  /** The gateway's keys, to make tokens that are genuine but for one thing. */
  ring: KeyRing;
  signingKeyPem: string;
  users: User[];
  /** Sets the gateway's clock ahead of the real one, by milliseconds. */
  advanceClock(byMs: number): void;
  /** Logs a demo user in and gives the access token. */
  login(username?: string): Promise<string>;
  close(): Promise<void>;
}

/** Tests ask as one user what many would ask; the share of one user is fair-share.test.ts's matter. */
const MANY = '10000';

export interface TestGatewayOptions {
  /** What is served at `/`. */
  web?: WebBuild | undefined;
  /** In place of what `env` says: also what is too short to be set, so that a test need not wait for it. */
  settings?: Partial<GatewaySettings> | undefined;
}

/** The real gateway over a real, private Redis with the demo users, listening on a free port. */
export async function startTestGateway(
  env: Record<string, string> = {},
  log: Logger = createLog('gateway', 'silent'),
  { web, settings: inPlace }: TestGatewayOptions = {},
): Promise<TestGateway> {
  const redis = await startTestRedis({ tcp: true });
  const link = new RedisLink({ url: redis.url, deadlineMs: 900, log: createLog('cli', 'silent') });
  await link.whenReady(5000);
  const users = await seedUsers(link);
  const dataDir = await mkdtemp(join(tmpdir(), 'portcullis-data-'));
  const signingKeyPem = await makeKeyPem();
  const asked = gatewaySettings({
    REDIS_URL: redis.url,
    GATEWAY_PORT: '0',
    DATA_DIR: dataDir,
    SIGNING_KEY: signingKeyPem,
    ISSUER: 'http://127.0.0.1:8080',
    BANK_REQUESTS_PER_USER_MAX: MANY,
    ...env,
  });
  const settings = { ...asked, ...inPlace };
  let aheadMs = 0;
  const api = await publishedDescription(settings);
  const gateway = await startGateway({ settings, log, api, web, now: () => Date.now() + aheadMs });
  return {
    url: gateway.url,
    settings,
    redis,
    link,
    ring: await keyRingFromPem(signingKeyPem),
    signingKeyPem,
    users,
    advanceClock: (byMs) => {
      aheadMs += byMs;
    },
    login: (username = 'bob') => loginAs(gateway.url, username),
    close: async () => {
      await gateway.close();
      link.close();
      await redis.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function seedUsers(link: RedisLink): Promise<User[]> {
  const hasher = new PasswordHasher({ workers: 1, queueMax: 1 });
  try {
    return await seedDemoUsers(link, hasher, new Date());
  } finally {
    await hasher.close();
  }
}

/** Logs a demo user in at any gateway and gives the access token. */
export async function loginAs(gatewayUrl: string, username: string): Promise<string> {
  const password = DEMO_USERS.find((demo) => demo.username === username)?.password;
  const answer = await postJson(`${gatewayUrl}/auth/login`, { username, password });
  const body = (await answer.json()) as { access_token?: string };
  if (body.access_token === undefined) throw new Error(`log-in of ${username} answered ${answer.status}`);
  return body.access_token;
}

export const postJson = (
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

/** The status and the problem code of an answer. */
export async function problemOf(answer: Response): Promise<{ status: number; code: unknown }> {
  const body = answer.headers.get('content-type')?.includes('json') ? await answer.json() : {};
  return { status: answer.status, code: (body as { code?: unknown }).code };
}
