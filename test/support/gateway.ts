import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GatewaySettings, gatewaySettings } from '../../src/config/load.ts';
import { DEMO_USERS, seedDemoUsers } from '../../src/dev/demo-users.ts';
import { startGateway } from '../../src/gateway/server.ts';
import type { WebBuild } from '../../src/gateway/static/web-build.ts';
import { openPeppers } from '../../src/keys/pepper.ts';
import { type KeyRing, keyRingFromPem } from '../../src/keys/ring.ts';
import { createLog, type Logger } from '../../src/log.ts';
import { publishedDescription } from '../../src/openapi/publish.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import type { User } from '../../src/users/users.ts';
import { LIMITS_OFF } from './limits-off.ts';
import { CHEAP_HASHES, preparedHasher, preparedKeyPem } from './prepared.ts';
import { startTestRedis, type TestRedis } from './redis.ts';
import { until } from './until.ts';

export interface TestGateway {
  url: string;
  /** The private listener. */
  healthUrl: string;
  settings: GatewaySettings;
  redis: TestRedis;
  /** The test's own connection. */
  link: RedisLink;
  /** The gateway's keys, to sign tokens with a single defect. */
  ring: KeyRing;
  signingKeyPem: string;
  users: User[];
  /** Moves the gateway's clock forward, or back by a negative number. */
  advanceClock(byMs: number): void;
  /** Logs in a demo user and returns the access token. */
  login(username?: string): Promise<string>;
  close(): Promise<void>;
}

export interface TestGatewayOptions {
  /** Served at `/`. */
  web?: WebBuild | undefined;
  /** In place of settings from `env`. Values too small for the environment are accepted, to keep waits short. */
  settings?: Partial<GatewaySettings> | undefined;
  /** Whether the gateway's clock moves by `advanceClock` only, so that nothing refills or expires meanwhile. */
  clockStopped?: boolean | undefined;
  /** Whether hashing a password costs what the settings say, and not next to nothing. */
  withFullHashes?: boolean | undefined;
  /** Whether the stored hashes of the demo users have no pepper, so that each first login replaces one. */
  withoutPepper?: boolean | undefined;
}

/** Starts the gateway on a free port, with a private Redis and the demo users. */
export async function startTestGateway(
  env: Record<string, string> = {},
  log: Logger = createLog('gateway', 'silent'),
  { web, settings: overrides, clockStopped, withFullHashes = false, withoutPepper }: TestGatewayOptions = {},
): Promise<TestGateway> {
  const redis = await startTestRedis({ tcp: true });
  const link = new RedisLink({ url: redis.url, deadlineMs: 900, log: createLog('cli', 'silent') });
  await link.whenReady(30_000);
  const dataDir = await mkdtemp(join(tmpdir(), 'portcullis-data-'));
  const signingKeyPem = await preparedKeyPem();
  const parsed = gatewaySettings({
    REDIS_URL: redis.url,
    GATEWAY_PORT: '0',
    DATA_DIR: dataDir,
    SIGNING_KEY: signingKeyPem,
    ISSUER: 'http://127.0.0.1:8080',
    // The longest: few tests are about an outage, and all would fail for one that a busy machine causes.
    REDIS_DEADLINE_MS: '900',
    ...LIMITS_OFF,
    ...env,
  });
  const settings = { ...parsed, ...(withFullHashes ? {} : CHEAP_HASHES), ...overrides };
  const hasher = preparedHasher(withoutPepper ? [] : await openPeppers(settings));
  const users = await seedDemoUsers(link, hasher, new Date());
  let aheadMs = 0;
  const startMs = Date.now();
  const now = (): number => (clockStopped ? startMs : Date.now()) + aheadMs;
  const api = await publishedDescription(settings);
  const gateway = await startGateway({ settings, log, api, web, now });
  return {
    url: gateway.url,
    healthUrl: gateway.healthUrl,
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

/** Logs in a demo user at any gateway and returns the access token. */
export async function loginAs(gatewayUrl: string, username: string): Promise<string> {
  const password = DEMO_USERS.find((demo) => demo.username === username)?.password;
  const response = await postOnceUp(`${gatewayUrl}/auth/login`, { username, password });
  const body = (await response.json()) as { access_token?: string };
  if (body.access_token === undefined)
    throw new Error(`the login of ${username} failed with ${response.status}`);
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

/**
 * Sends the body until the response is no 503: on a busy machine Redis is unreachable now and then, and a gateway says so.
 * Not for tests of an outage.
 */
export async function postOnceUp(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  let response = await postJson(url, body, headers);
  await until(async () => {
    if (response.status === 503) response = await postJson(url, body, headers);
    return response.status !== 503;
  });
  return response;
}

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

/** The status and the problem code of a response. */
export async function problemOf(response: Response): Promise<{ status: number; code: unknown }> {
  const body = response.headers.get('content-type')?.includes('json') ? await response.json() : {};
  return { status: response.status, code: (body as { code?: unknown }).code };
}
