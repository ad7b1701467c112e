import { activeKey, authzKey, sessionKey } from '../redis/keys.ts';
import { defineScript, runScript } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';
import { readAuthorization } from '../users/authorization.ts';
import type { RefreshIdentity } from './refresh-token.ts';

/**
 * KEYS: session, active, authz. ARGV: fields of the session. Returns the authorization, the time that is left until the
 * idle timeout (ms), and the fields. A script, because a full Redis refuses even reads in `MULTI`.
 */
const READ_SESSION = defineScript(
  'session-read',
  `return { redis.call('GET', KEYS[3]), redis.call('PTTL', KEYS[2]), redis.call('HMGET', KEYS[1], unpack(ARGV)) }`,
);

/** The fields of an active session of the user's current generation; undefined if the session has ended. */
async function readFields(
  redis: RedisStore,
  { sub, sid }: Pick<RefreshIdentity, 'sub' | 'sid'>,
  names: readonly string[],
): Promise<{ idleMs: number; fields: (string | null)[] } | undefined> {
  const keys = [sessionKey(sub, sid), activeKey(sub, sid), authzKey(sub)];
  const reply = await runScript(redis, READ_SESSION, keys, ['gen', ...names]);
  const [authz, idleMs, [generation, ...fields]] = reply as [string | null, number, (string | null)[]];
  if (idleMs < 0 || authz === null) return undefined;
  return generation === String(readAuthorization(authz).generation) ? { idleMs, fields } : undefined;
}

/** When a session ends. */
interface SessionLifetime {
  /** The time left until the idle timeout, in milliseconds by Redis's clock. */
  idleMs: number;
  /** The end of the absolute lifetime, in seconds since the epoch. */
  endsAt: number;
}

/**
 * Reads a session's lifetime in one step without renewing it; undefined if the session has ended. Activity that was
 * noted earlier on the same connection is included.
 * @throws {RedisUnavailable} also when Redis returns a malformed value.
 */
export async function readSessionLifetime(
  redis: RedisStore,
  sub: string,
  sid: string,
): Promise<SessionLifetime | undefined> {
  const session = await readFields(redis, { sub, sid }, ['endsAt']);
  const endsAt = session?.fields[0];
  return session && endsAt ? { idleMs: session.idleMs, endsAt: Number(endsAt) } : undefined;
}

/** What introspection reports of a refresh token that can be used now. Times are in seconds since the epoch. */
interface RefreshTokenStatus {
  clientId: string;
  issuedAt: number;
  /** When the session ends. */
  endsAt: number;
}

/**
 * Reads in one step whether a genuine refresh token is active, and changes nothing. Only the session's current token
 * is: its predecessor is accepted within the grace window but reported as inactive.
 * @throws {RedisUnavailable} also when Redis returns a malformed value.
 */
export async function readRefreshTokenStatus(
  redis: RedisStore,
  { sub, sid, refreshCount }: RefreshIdentity,
): Promise<RefreshTokenStatus | undefined> {
  const session = await readFields(redis, { sub, sid }, ['n', 'clientId', 'movedAtMs', 'endsAt']);
  const [current, clientId, movedAtMs, endsAt] = session?.fields ?? [];
  if (!clientId || current !== String(refreshCount)) return undefined;
  return { clientId, issuedAt: Math.floor(Number(movedAtMs) / 1000), endsAt: Number(endsAt) };
}
