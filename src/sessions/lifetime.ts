import { z } from 'zod';
import { type Confirmation, confirmationOf } from '../jwt/confirmation.ts';
import { RedisUnavailable } from '../redis/connection.ts';
import { authzKey, sessionKey } from '../redis/keys.ts';
import { checkReply, defineScript, runScript } from '../redis/scripts.ts';
import { readSession, type SessionRecord } from '../redis/session-record.ts';
import type { RedisStore } from '../redis/store.ts';
import { readAuthorization } from '../users/authorization.ts';
import type { RefreshIdentity } from './refresh-token.ts';

/**
 * KEYS: session, authz. Returns the authorization, the time that is left until the idle timeout (ms), and the session. A
 * script, because a full Redis refuses even reads in `MULTI`.
 */
const READ_SESSION = defineScript(
  'session-read',
  `return { redis.call('GET', KEYS[2]), redis.call('PTTL', KEYS[1]), redis.call('GET', KEYS[1]) }`,
);

const text = z.string().nullable();
const readReply = z.tuple([text, z.int(), text]);

/** An active session of the user's current generation; undefined if it has ended. */
async function readActive(
  redis: RedisStore,
  { sub, sid }: Pick<RefreshIdentity, 'sub' | 'sid'>,
): Promise<{ idleMs: number; session: SessionRecord } | undefined> {
  const reply = await runScript(redis, READ_SESSION, [sessionKey(sub, sid), authzKey(sub)], []);
  const [authz, idleMs, stored] = checkReply(readReply, reply);
  if (idleMs < 0 || authz === null || stored === null) return undefined;
  const session = readSession(stored);
  if (session === undefined) throw new RedisUnavailable('a session in Redis is malformed');
  return session.generation === readAuthorization(authz).generation ? { idleMs, session } : undefined;
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
  const active = await readActive(redis, { sub, sid });
  return active && { idleMs: active.idleMs, endsAt: active.session.endsAt };
}

/** What introspection reports of a refresh token that can be used now. Times are in seconds since the epoch. */
interface RefreshTokenStatus {
  clientId: string;
  issuedAt: number;
  /** When the session ends. */
  endsAt: number;
  /** What the tokens of the session are bound to, if they are. */
  confirmation: Confirmation | undefined;
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
  const { session } = (await readActive(redis, { sub, sid })) ?? {};
  if (session?.refreshCount !== refreshCount) return undefined;
  const { clientId, movedAtMs, endsAt } = session;
  const confirmation = confirmationOf(session.binding);
  return { clientId, issuedAt: Math.floor(movedAtMs / 1000), endsAt, confirmation };
}

/**
 * Reads what the tokens of a session are bound to, in the form of `bindingOf`; undefined if the session has ended. It
 * never changes. @throws {RedisUnavailable} also when Redis returns a malformed value.
 */
export async function readSessionBinding(
  redis: RedisStore,
  sub: string,
  sid: string,
): Promise<string | undefined> {
  return (await readActive(redis, { sub, sid }))?.session.binding;
}
