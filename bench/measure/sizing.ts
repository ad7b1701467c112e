import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { PasswordHasher } from '../../src/users/passwords.ts';
import { addUser } from '../../src/users/users.ts';
import { startGatewayProcess } from '../gateway/contestants.ts';
import { askGateway } from '../gateway/probe.ts';
import { RequestStore } from '../load/requests.ts';
import { cpuTimeMicros } from '../processes/cpu-time.ts';
import type { NodeServer } from '../processes/node-process.ts';
import type { Sizing } from '../report/results.ts';
import { SERVER_CORE } from '../setup/cores.ts';
import { attempt, type RunContext } from './run-context.ts';

const PASSWORD = 'known to the benchmark';
const USERS = 30;
const REFRESHES_PER_USER = 5;
/** Below the share of connections that one network has by default. */
const STREAMS_MAX = 400;
const STREAM_WINDOW_MS = 6000;
const SETTLE_MS = 1000;
const REDIS_DEADLINE_MS = 5000;

/** Measures what logins, refreshes and open streams cost the gateway, one at a time, for the sizing tables. */
export async function measureSizing(context: RunContext): Promise<Sizing | undefined> {
  let sizing: Sizing | undefined;
  await attempt(context, 'sizing', async () => {
    sizing = await sizingOf(context);
  });
  return sizing;
}

async function sizingOf(context: RunContext): Promise<Sizing> {
  const usernames = await addUsers(context.shared.redis.url);
  const server = await startGatewayProcess(context.shared, SERVER_CORE, {
    BANK_STREAMS_MAX: `${STREAMS_MAX}`,
    BANK_CONNECTIONS_MAX: '1024',
  });
  try {
    const [first = '', ...others] = usernames;
    await logIn(server, first);
    const login = await cpuOf(server, others, (username) => logIn(server, username));
    const used = login.results.flatMap((token) => Array.from({ length: REFRESHES_PER_USER }, () => token));
    const latest = new Map<string, string>();
    const refresh = await cpuOf(server, used, async (token) => {
      latest.set(token, await refreshWith(server, latest.get(token) ?? token));
    });
    const streams = await streamCosts(context, server);
    context.log('measured logins, refreshes and open streams');
    return { loginCpuMicros: login.micros, refreshCpuMicros: refresh.micros, ...streams };
  } finally {
    await server.stop();
  }
}

/** The gateway's mean CPU time of doing something for each item, one after the other. */
async function cpuOf<Item, Result>(
  { pids }: NodeServer,
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<{ micros: number; results: Result[] }> {
  const start = cpuTimeMicros(pids);
  const results: Result[] = [];
  for (const item of items) results.push(await act(item));
  return { micros: (cpuTimeMicros(pids) - start) / items.length, results };
}

/** Adds users with one password and its hash. @returns their names */
async function addUsers(redisUrl: string): Promise<string[]> {
  const log = createLog('cli', 'silent');
  const link = new RedisLink({ url: redisUrl, deadlineMs: REDIS_DEADLINE_MS, log });
  const hasher = new PasswordHasher({ workers: 1, queueMax: 1 });
  try {
    await link.whenReady(REDIS_DEADLINE_MS);
    const passwordHash = await hasher.hash(PASSWORD);
    const names = Array.from({ length: USERS }, (_, n) => `sizing-${n}`);
    for (const username of names)
      await addUser(link, { username, displayName: username, passwordHash, role: 'user' }, new Date());
    return names;
  } finally {
    await hasher.close();
    link.close();
  }
}

/** @returns the refresh token */
const logIn = (server: NodeServer, username: string): Promise<string> =>
  tokenFrom(server, '/auth/login', { username, password: PASSWORD });

/** @returns the next refresh token */
const refreshWith = (server: NodeServer, token: string): Promise<string> =>
  tokenFrom(server, '/auth/refresh', { refresh_token: token });

async function tokenFrom({ url }: NodeServer, path: string, body: object): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const { refresh_token, code } = (await response.json()) as { refresh_token?: string; code?: string };
  if (refresh_token === undefined) throw new Error(`${path} failed with ${response.status} ${code}`);
  return refresh_token;
}

/** The CPU time and memory of event streams that are open and quiet. */
async function streamCosts({ tokens, plan }: RunContext, server: NodeServer) {
  const count = Math.min(STREAMS_MAX, Math.max(...plan.sessions));
  const shape = { method: 'GET', path: '/bank/accounts/1/stream' } as const;
  const requests = RequestStore.ofTokens(tokens, shape, count);
  const quietMicros = await cpuDuring(server);
  const emptyBytes = await residentBytes(server);
  const sockets: Socket[] = [];
  try {
    for (let n = 0; n < count; n += 1) sockets.push(await openStream(server.url, requests.at(n)));
    await delay(SETTLE_MS);
    const streamBytes = Math.max(0, (await residentBytes(server)) - emptyBytes) / count;
    const micros = Math.max(0, (await cpuDuring(server)) - quietMicros);
    return { streamCpuMicrosPerSecond: micros / count / (STREAM_WINDOW_MS / 1000), streamBytes };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function cpuDuring({ pids }: NodeServer): Promise<number> {
  const start = cpuTimeMicros(pids);
  await delay(STREAM_WINDOW_MS);
  return cpuTimeMicros(pids) - start;
}

const residentBytes = async (server: NodeServer): Promise<number> =>
  (await askGateway(server, 'memory')).residentBytes ?? 0;

async function openStream(url: string, request: Buffer): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => socket.destroy());
  socket.write(request);
  const [head] = (await once(socket, 'data')) as [Buffer];
  if (!head.toString('latin1').startsWith('HTTP/1.1 200 '))
    throw new Error(`a stream was not opened: ${head.toString('latin1').split('\r\n')[0]}`);
  return socket;
}
