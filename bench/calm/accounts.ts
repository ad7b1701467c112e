import { gatewaySettings } from '../../src/config/load.ts';
import { readPeppers } from '../../src/keys/pepper.ts';
import { readRefreshKey } from '../../src/keys/refresh-key.ts';
import { fixedRing, keyRingFromPem } from '../../src/keys/ring.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { Refusal } from '../../src/refusal.ts';
import { type SessionDeps, startSession } from '../../src/sessions/start.ts';
import { PasswordHasher } from '../../src/users/passwords.ts';
import { addUser } from '../../src/users/users.ts';
import type { FloodSession } from './messages.ts';

export const PASSWORD = 'known to the benchmark';

/** The users that a flood logs in: so many that the limit of logins per user and minute is not reached. */
const FLOOD_USERS = 1000;
/** The sessions that a flood refreshes, each up to its limit per minute. */
const FLOOD_SESSIONS = 500;

export interface Accounts {
  /** Of the logged-in connections. */
  accessTokens: string[];
  usernames: string[];
  sessions: FloodSession[];
}

type Environment = Readonly<Record<string, string>>;

/** Adds the users of the logged-in connections and of the floods, with their sessions. They share one password hash. */
export async function addAccounts(env: Environment, connections: number): Promise<Accounts> {
  const settings = gatewaySettings(env);
  const redis = new RedisLink({
    url: settings.redisUrl,
    deadlineMs: 20_000,
    log: createLog('cli', 'silent'),
  });
  const hasher = new PasswordHasher({
    workers: 1,
    queueMax: 1,
    peppers: readPeppers(env.PASSWORD_PEPPER ?? ''),
  });
  try {
    await redis.whenReady(30_000);
    const passwordHash = await hasher.hash(PASSWORD);
    const add = (name: string, count: number): Promise<string[]> =>
      Promise.all(Array.from({ length: count }, (_, n) => addOne(redis, `${name}-${n}`, passwordHash)));
    const ring = fixedRing(await keyRingFromPem(env.SIGNING_KEY ?? ''));
    const deps = { redis, ring, refreshKey: readRefreshKey(env.REFRESH_KEY ?? ''), options: settings };
    const calm = await startSessions(deps, await add('calm', connections));
    await add('login', FLOOD_USERS);
    return {
      accessTokens: calm.map(({ accessToken }) => accessToken),
      usernames: Array.from({ length: FLOOD_USERS }, (_, n) => `login-${n}`),
      sessions: await startSessions(deps, await add('refresh', FLOOD_SESSIONS)),
    };
  } finally {
    await hasher.close();
    redis.close();
  }
}

/** @returns the user's id */
async function addOne(redis: RedisLink, username: string, passwordHash: string): Promise<string> {
  const user = await addUser(
    redis,
    { username, displayName: username, passwordHash, role: 'user' },
    new Date(),
  );
  if (user instanceof Refusal) throw new Error(`${username} was not added: ${user.reason}`);
  return user.id;
}

const startSessions = (deps: SessionDeps, userIds: readonly string[]): Promise<FloodSession[]> =>
  Promise.all(
    userIds.map(async (userId) => {
      const opener = { userId, role: 'user', verifiedGeneration: 0, clientId: 'portcullis-web' } as const;
      const where = { device: 'bench', address: '127.0.0.1', remember: false };
      const session = await startSession(deps, { ...opener, ...where }, Date.now());
      if (session instanceof Refusal) throw new Error(`no session was started: ${session.reason}`);
      return { accessToken: session.accessToken, refreshToken: session.refreshToken };
    }),
  );
