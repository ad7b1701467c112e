import { createPublicKey, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalRedis } from '../src/dev/redis/local-server.ts';
import { serverBinary } from '../src/dev/redis/start.ts';
import { makeKeyPem } from '../src/keys/key-ring.ts';
import { createLog } from '../src/log.ts';
import { RedisLink } from '../src/redis/connection.ts';
import { Refusal } from '../src/refusal.ts';
import { answerBody } from './answer.ts';
import { CONTESTANTS, type Contestant, GATEWAY_FILE, type PeerEnvironment } from './contestants.ts';
import { accessTokens, addUsers, requestWith, sessionCookies } from './credentials.ts';
import { type Measured, measure } from './load.ts';
import { startPinned } from './pinned-process.ts';
import { report } from './report.ts';

/** The compared server runs here; everything else runs on `LOAD_CORE`, where `npm run bench` puts this process. */
const SERVER_CORE = 0;
const LOAD_CORE = 1;
const ROUNDS = 3;
const WARM_UP_MS = 3000;
const WINDOW_MS = 4000;
const CONNECTIONS = 64;

interface Arena {
  env: PeerEnvironment;
  tokens: string[];
}

/** Everything around the compared servers: one Redis, one upstream, one key, one session for each connection. */
async function setUp(resources: AsyncDisposableStack): Promise<Arena> {
  const binary = await serverBinary(process.env);
  if (binary instanceof Refusal) throw new Error(`no Redis for the bench: ${binary.detail}`);
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  resources.defer(() => rm(directory, { recursive: true, force: true }));
  const redis = await startLocalRedis({ binary, directory, persist: false });
  resources.defer(() => redis.stop());
  const upstream = await startPinned(LOAD_CORE, join(import.meta.dirname, 'upstream.ts'));
  resources.defer(() => upstream.stop());
  const env = environment(redis.url, upstream.url, await makeKeyPem());
  return { env, tokens: await logIn(env) };
}

const environment = (redisUrl: string, upstreamUrl: string, keyPem: string): PeerEnvironment => ({
  NODE_ENV: 'production',
  LOG_LEVEL: 'warn',
  BANK_URL: upstreamUrl,
  REDIS_URL: redisUrl,
  GATEWAY_PORT: '0',
  ISSUER: 'https://bank.example',
  AUDIENCE: 'portcullis-api',
  SIGNING_KEY: keyPem,
  ACCESS_TOKEN_TTL_SECONDS: '3600',
  PUBLIC_KEY: createPublicKey(keyPem).export({ type: 'spki', format: 'pem' }).toString(),
  REFRESH_KEY: randomBytes(32).toString('base64url'),
  SESSION_SECRET: randomBytes(32).toString('base64url'),
});

/** The tokens come from a gateway of its own, which ends before anything is measured. */
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

/** One contestant's turn: started, warmed up, measured, ended. */
async function turn({ name, file, env, credential }: Contestant, arena: Arena): Promise<Measured> {
  const server = await startPinned(SERVER_CORE, file, { ...arena.env, ...env });
  try {
    const credentials =
      credential === 'token'
        ? arena.tokens.map((token) => `authorization: Bearer ${token}`)
        : (await sessionCookies(server.url, CONNECTIONS)).map((cookie) => `cookie: ${cookie}`);
    return await measure(server, {
      requests: credentials.map(requestWith),
      body: answerBody(),
      warmUpMs: WARM_UP_MS,
      windowMs: WINDOW_MS,
    });
  } catch (fault) {
    throw new Error(`the bench of ${name} failed`, { cause: fault });
  } finally {
    await server.stop();
  }
}

async function run(): Promise<void> {
  if (cpus().length < 2) throw new Error('the bench wants two cores: one for the server, one for the load');
  await using resources = new AsyncDisposableStack();
  const arena = await setUp(resources);
  const rounds = new Map<string, Measured[]>(CONTESTANTS.map(({ name }) => [name, []]));
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const contestant of CONTESTANTS) {
      const measured = await turn(contestant, arena);
      rounds.get(contestant.name)?.push(measured);
      const cpu = measured.cpuMicrosPerRequest.toFixed(1);
      process.stderr.write(`round ${round} of ${ROUNDS}: ${contestant.name}: ${cpu} µs of CPU a request\n`);
    }
  }
  process.stdout.write(`\n${report(rounds)}`);
}

await run();
