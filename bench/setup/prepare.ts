import type { Contestant } from '../contestant.ts';
import { LOGGED_OUT_TOKENS } from '../measure/mix.ts';
import { RequestStores, type RunContext } from '../measure/run-context.ts';
import { OTHER_SESSIONS_MAX, type Plan } from '../plan.ts';
import { pinToCore } from '../processes/affinity.ts';
import type { Results } from '../report/results.ts';
import { cookieSession } from '../sessions/cookie-session.ts';
import { fillBoundSessions, fillRedis, through, usedProofBytes } from '../sessions/fill.ts';
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
): Promise<{ context: RunContext; redis: Results['redis'] }> {
  requireTwoCores();
  const sessions = Math.max(...plan.sessions);
  const tokens = await mintTokens(plan.cacheDirectory, sessions + LOGGED_OUT_TOKENS, log);
  const boundTokens = hasContestantWith(plan, 'bound-token')
    ? await mintTokens(plan.cacheDirectory, Math.min(sessions, OTHER_SESSIONS_MAX), log, true)
    : undefined;
  pinToCore(process.pid, LOAD_CORE);
  const shared = await setUp(tokens, resources);
  const { socketPath } = shared.redis;
  const proofBytes = boundTokens && (await usedProofBytes(socketPath));
  log(`writing ${sessions} sessions to Redis`);
  const redis = await fillRedis(socketPath, tokens.batch, sessions, Date.now());
  log(`wrote them in ${redis.seconds.toFixed(1)} s, ${redis.bytesPerSession.toFixed(0)} bytes per session`);
  const bound = boundTokens && (await writeBoundSessions(shared, boundTokens, log));
  if (hasContestantWith(plan, 'session-cookie'))
    await writeCookieSessions(shared, Math.min(sessions, OTHER_SESSIONS_MAX));
  const requests = new RequestStores(tokens, boundTokens, shared.sessionSecret, sessions);
  const context = { plan, shared, tokens, requests, log, faults: [] };
  return { context, redis: { ...redis, bytesPerBoundSession: bound, bytesPerUsedProof: proofBytes } };
}

const hasContestantWith = ({ contestants }: Plan, credential: Contestant['credential']): boolean =>
  contestants.some((contestant) => contestant.credential === credential);

/** Sessions that are bound to a key each. Returns the bytes of each. */
async function writeBoundSessions(
  { redis }: Setup,
  { batch, count }: Tokens,
  log: (line: string) => void,
): Promise<number> {
  log(`writing ${count} bound sessions to Redis`);
  return fillBoundSessions(redis.socketPath, batch, count, Date.now());
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
const mintTokens = (
  directory: string,
  count: number,
  log: (line: string) => void,
  areBound = false,
): Promise<Tokens> =>
  cachedTokens({
    directory,
    issuer: ISSUER,
    audience: AUDIENCE,
    count,
    areBound,
    nowMs: Date.now(),
    onProgress: (minted) => {
      if (minted % PROGRESS_EVERY === 0 || minted === count)
        log(`signed ${minted} of ${count} access tokens`);
    },
  });
