import { LOGGED_OUT_TOKENS } from '../measure/mix.ts';
import { RequestStores, type RunContext } from '../measure/run-context.ts';
import { COOKIE_SESSIONS_MAX, type Plan } from '../plan.ts';
import { pinToCore } from '../processes/affinity.ts';
import { cookieSession } from '../sessions/cookie-session.ts';
import { fillRedis, type RedisBytes, through } from '../sessions/fill.ts';
import { cachedTokens, type Tokens } from '../sessions/token-cache.ts';
import { LOAD_CORE, requireTwoCores } from './cores.ts';
import { type Setup, setUp } from './shared-setup.ts';

const ISSUER = 'https://bank.example';
const AUDIENCE = 'portcullis-api';
const PROGRESS_EVERY = 50_000;

/** Mints the tokens, starts Redis and the upstream, and writes all sessions. */
export async function prepare(
  plan: Plan,
  resources: AsyncDisposableStack,
  log: (line: string) => void,
): Promise<{ context: RunContext; redis: RedisBytes }> {
  requireTwoCores();
  const sessions = Math.max(...plan.sessions);
  const tokens = await mintTokens(plan.cacheDirectory, sessions + LOGGED_OUT_TOKENS, log);
  pinToCore(process.pid, LOAD_CORE);
  const shared = await setUp(tokens, resources);
  log(`writing ${sessions} sessions to Redis`);
  const { socketPath } = shared.redis;
  const redis = await fillRedis(socketPath, tokens.batch, sessions, Date.now());
  log(`wrote them in ${redis.seconds.toFixed(1)} s, ${redis.bytesPerSession.toFixed(0)} bytes per session`);
  if (plan.contestants.some(({ credential }) => credential === 'session-cookie'))
    await writeCookieSessions(shared, Math.min(sessions, COOKIE_SESSIONS_MAX));
  const requests = new RequestStores(tokens, shared.sessionSecret, sessions);
  return { context: { plan, shared, tokens, requests, log, faults: [] }, redis };
}

/** Sessions of the contestants that keep them in Redis under a cookie. */
const writeCookieSessions = ({ redis, sessionSecret }: Setup, count: number): Promise<void> =>
  through(redis.socketPath, async (client) => {
    for (let n = 0; n < count; n += 1) {
      const { key, value } = cookieSession(n, sessionSecret);
      await client.sendCommand(['SET', key, value, 'EX', '86400']);
    }
  });

/** Tokens from the cache, on all cores if they have to be signed first. */
const mintTokens = (directory: string, count: number, log: (line: string) => void): Promise<Tokens> =>
  cachedTokens({
    directory,
    issuer: ISSUER,
    audience: AUDIENCE,
    count,
    nowMs: Date.now(),
    onProgress: (minted) => {
      if (minted % PROGRESS_EVERY === 0 || minted === count)
        log(`signed ${minted} of ${count} access tokens`);
    },
  });
