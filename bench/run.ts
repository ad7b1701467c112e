import { createPublicKey, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalRedis } from '../src/dev/redis/local-server.ts';
import { serverBinary } from '../src/dev/redis/start.ts';
import { makeKeyPem } from '../src/keys/ring.ts';
import { createLog } from '../src/log.ts';
import { RedisLink } from '../src/redis/connection.ts';
import { Refusal } from '../src/refusal.ts';
import { CONTESTANTS, type Contestant, GATEWAY_FILE, type PeerEnvironment } from './contestants.ts';
import { accessTokens, addUsers, requestWith, sessionCookies } from './credentials.ts';
import { type Measured, measure } from './load.ts';
import { startPinned } from './pinned-process.ts';
import { report } from './report.ts';
import { responseBody } from './response.ts';

/** Runs the compared server. Everything else, this process included, runs on `LOAD_CORE`. */
const SERVER_CORE = 0;
const LOAD_CORE = 1;
const ROUNDS = 3;
const WARM_UP_MS = 3000;
const WINDOW_MS = 4000;
const CONNECTIONS = 64;

interface Environment {
  env: PeerEnvironment;
  tokens: string[];
}

/** Starts what all contestants share: one Redis, one upstream, one key, one session per connection. */
async function setUp(resources: AsyncDisposableStack): Promise<Environment> {
  const binary = await serverBinary(process.env);
  if (binary instanceof Refusal) throw new Error(`the benchmark found no Redis: ${binary.detail}`);
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  resources.defer(() => rm(directory, { recursive: true, force: true }));
  const redis = await startLocalRedis({ binary, directory, persist: false });
  resources.defer(() => redis.stop());
  const upstream = await startPinned(LOAD_CORE, join(import.meta.dirname, 'upstream.ts'));
  resources.defer(() => upstream.stop());
  const env = peerEnvironment(redis.url, upstream.url, await makeKeyPem());
  return { env, tokens: await logIn(env) };
}

const peerEnvironment = (redisUrl: string, upstreamUrl: string, keyPem: string): PeerEnvironment => ({
  NODE_ENV: 'production',
  LOG_LEVEL: 'warn',
  BANK_URL: upstreamUrl,
  REDIS_URL: redisUrl,
  GATEWAY_PORT: '0',
  HEALTH_PORT: '0',
  REQUESTS_PER_NETWORK_PER_SECOND: '0',
  REQUESTS_PER_USER_PER_SECOND: '0',
  ISSUER: 'https://bank.example',
  AUDIENCE: 'portcullis-api',
  SIGNING_KEY: keyPem,
  ACCESS_TOKEN_TTL_SECONDS: '3600',
  PUBLIC_KEY: createPublicKey(keyPem).export({ type: 'spki', format: 'pem' }).toString(),
  REFRESH_KEY: randomBytes(32).toString('base64url'),
  PASSWORD_PEPPER: randomBytes(32).toString('base64url'),
  SESSION_SECRET: randomBytes(32).toString('base64url'),
});

/** Obtains the tokens from a separate gateway that is stopped before anything is measured. */
async function logIn(env: PeerEnvironment): Promise<string[]> {
  const link = new RedisLink({ url: env.REDIS_URL, deadlineMs: 900, log: createLog('cli', 'silent') });
  const gateway = await startPinned(LOAD_CORE, GATEWAY_FILE, { ...env });
  try {
    await link.whenReady(5000);
    return await accessTokens(gateway.url, await addUsers(link, CONNECTIONS));
  } finally {
    link.close();
    await gateway.stop();
  }
}

/** Starts, measures and stops one contestant. */
async function measureContestant(
  { name, file, env, credential }: Contestant,
  shared: Environment,
): Promise<Measured> {
  const server = await startPinned(SERVER_CORE, file, { ...shared.env, ...env });
  try {
    const credentials =
      credential === 'token'
        ? shared.tokens.map((token) => `authorization: Bearer ${token}`)
        : (await sessionCookies(server.url, CONNECTIONS)).map((cookie) => `cookie: ${cookie}`);
    return await measure(server, {
      requests: credentials.map(requestWith),
      body: responseBody(),
      warmUpMs: WARM_UP_MS,
      windowMs: WINDOW_MS,
    });
  } catch (cause) {
    throw new Error(`the benchmark of ${name} failed`, { cause });
  } finally {
    await server.stop();
  }
}

async function run(): Promise<void> {
  if (cpus().length < 2)
    throw new Error('the benchmark needs two cores: one for the server, one for the load');
  await using resources = new AsyncDisposableStack();
  const shared = await setUp(resources);
  const rounds = new Map<string, Measured[]>(CONTESTANTS.map(({ name }) => [name, []]));
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const contestant of CONTESTANTS) {
      const measured = await measureContestant(contestant, shared);
      rounds.get(contestant.name)?.push(measured);
      const cpu = measured.cpuMicrosPerRequest.toFixed(1);
      process.stderr.write(`round ${round} of ${ROUNDS}: ${contestant.name}: ${cpu} µs of CPU per request\n`);
    }
  }
  process.stdout.write(`\n${report(rounds)}`);
}

await run();
