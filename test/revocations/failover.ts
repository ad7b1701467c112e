import { randomBytes } from 'node:crypto';
import { createClient } from 'redis';
import { fixedRing } from '../../src/keys/ring.ts';
import { createLog, type Logger } from '../../src/log.ts';
import { Refusal } from '../../src/refusal.ts';
import { startSession } from '../../src/sessions/start.ts';
import { openerFor } from '../sessions/session-store.ts';
import { bearer, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { type RedisRelay, startRedisRelay } from '../support/redis-relay.ts';
import { startRedisSwitch } from '../support/redis-switch.ts';
import { statusOf } from '../support/sessions.ts';
import { until } from '../support/until.ts';

/** More than any test takes: a replica that is so far behind misses everything from then on. */
export const FAR_BEHIND_MS = 60_000;

interface Replica {
  redis: TestRedis;
  /** What the primary sends to this replica goes through it. */
  stream: RedisRelay;
}

export interface FailoverScene {
  gateway: TestGateway;
  replicas: Replica[];
  /** Leads to the primary. */
  redisUrl: string;
  /** Access tokens of new sessions of a demo user, who is bob unless given. */
  openSessions(count: number, username?: string): Promise<string[]>;
  /** Waits until all replicas have everything, then delays what they get by this much. */
  lag(byMs: number): Promise<void>;
  /** Kills the primary (SIGKILL), promotes a replica, and waits until the gateway uses it. */
  failOver(promoted?: number): Promise<void>;
  close(): Promise<void>;
}

interface SceneOptions {
  replicas?: number;
  /** Whether the replicas have an append-only file. */
  persist?: boolean;
  /** The gateway's. */
  log?: Logger;
}

/** A gateway whose Redis has replicas, behind an address that leads to the primary. */
export async function startFailoverScene(
  env: Record<string, string> = {},
  { replicas: count = 1, persist = false, log = createLog('gateway', 'silent') }: SceneOptions = {},
): Promise<FailoverScene> {
  await using started = new AsyncDisposableStack();
  const address = started.adopt(await startRedisSwitch(), (open) => open.close());
  const gateway = started.adopt(
    await startTestGateway(
      { REDIS_URL: address.url, SESSIONS_PER_USER_MAX: '1000', PASSWORD_WORKERS: '1', ...env },
      log,
    ),
    (open) => open.close(),
  );
  address.leadTo(gateway.redis.tcpUrl ?? '');
  await gateway.link.run((client) => client.configSet('repl-diskless-sync-delay', '0'));
  const replicas: Replica[] = [];
  for (let n = 0; n < count; n += 1) {
    const redis = started.adopt(await startTestRedis({ tcp: true, persist }), (open) => open.stop());
    const stream = started.adopt(await startRedisRelay(gateway.redis.tcpUrl ?? ''), (open) => open.close());
    await replicate(redis, stream.url);
    replicas.push({ redis, stream });
  }
  await whenReady(gateway.url);
  const running = started.move();
  const caughtUp = () => gateway.link.run((client) => client.wait(count, 400));
  return {
    gateway,
    replicas,
    redisUrl: address.url,
    openSessions: (many, username) => openSessions(gateway, many, username),
    lag: async (byMs) => {
      await gateway.link.run((client) => client.set('caught-up', '1'));
      await until(async () => (await caughtUp()) === count, 20_000);
      for (const { stream } of replicas) stream.delayReplies(byMs);
    },
    failOver: async (promoted = 0) => {
      const { redis } = replicas[promoted] as Replica;
      await gateway.redis.kill();
      await withRedis(redis, (client) => client.sendCommand(['REPLICAOF', 'NO', 'ONE']));
      address.leadTo(redis.tcpUrl ?? '');
      await whenReady(gateway.url);
    },
    close: () => running.disposeAsync(),
  };
}

export const whenReady = (url: string): Promise<void> =>
  until(async () => (await fetch(`${url}/readyz`).catch(() => undefined))?.status === 200, 20_000);

/** Makes a server a replica and waits until it has the whole dataset. */
async function replicate(redis: TestRedis, primaryUrl: string): Promise<void> {
  const { hostname, port } = new URL(primaryUrl);
  await withRedis(redis, async (client) => {
    await client.sendCommand(['REPLICAOF', hostname, port]);
    await until(async () => (await client.info('replication')).includes('master_link_status:up'), 20_000);
  });
}

/** Runs commands on a server directly. */
export async function withRedis<T>(
  { tcpUrl }: Pick<TestRedis, 'tcpUrl'>,
  work: (client: ReturnType<typeof createClient>) => Promise<T>,
): Promise<T> {
  const client = createClient({ url: tcpUrl ?? '' });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client as ReturnType<typeof createClient>);
  } finally {
    client.destroy();
  }
}

async function openSessions(gateway: TestGateway, count: number, username = 'bob'): Promise<string[]> {
  const user = gateway.users.find((one) => one.username === username);
  if (user === undefined) throw new Error(`there is no user ${username}`);
  const deps = {
    redis: gateway.link,
    ring: fixedRing(gateway.ring),
    refreshKey: randomBytes(32),
    options: gateway.settings,
  };
  const opener = { ...openerFor(user.id), role: user.role };
  const sessions = await Promise.all(
    Array.from({ length: count }, () => startSession(deps, opener, Date.now())),
  );
  return sessions.map((session) => {
    if (session instanceof Refusal) throw new Error(`no session: ${session.reason}`);
    return session.accessToken;
  });
}

export const logOut = (url: string, token: string): Promise<Response> =>
  fetch(`${url}/auth/logout`, { method: 'POST', headers: bearer(token) });

/** How many of the tokens the gateway accepts. @throws if it gives another response than 200 or 401 */
export async function acceptedOf(url: string, tokens: readonly string[]): Promise<number> {
  const statuses = await Promise.all(tokens.map((token) => statusOf(url, token)));
  const other = statuses.find((status) => status !== 200 && status !== 401);
  if (other !== undefined) throw new Error(`an unexpected response: ${other}`);
  return statuses.filter((status) => status === 200).length;
}
