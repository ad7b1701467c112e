import { z } from 'zod';
import type { RedisLink } from '../redis/connection.ts';
import { activeKey, authzKey, sessionKey, sessionsKey } from '../redis/keys.ts';
import { readAuthorization } from '../users/authorization.ts';

const storedSession = z.object({
  gen: z.coerce.number(),
  clientId: z.string(),
  device: z.string(),
  address: z.string(),
  createdMs: z.coerce.number(),
  lastSeenMs: z.coerce.number(),
  endsAt: z.coerce.number(),
});

/** One session as its owner and an administrator see it. */
export const sessionSummarySchema = z
  .strictObject({
    session_id: z.string(),
    client_id: z.string(),
    device: z.string().describe('Browser and operating system, from the user agent'),
    address: z.string().describe('Client address of the last login or refresh'),
    created_at: z.iso.datetime(),
    last_seen_at: z.iso.datetime(),
    ends_at: z.iso.datetime().describe('Latest possible end'),
  })
  .meta({ id: 'Session' });
export type SessionSummary = z.output<typeof sessionSummarySchema>;

/** A user's active sessions, most recently used first. @throws {RedisUnavailable} */
export async function listSessions(redis: RedisLink, sub: string): Promise<SessionSummary[]> {
  const [ids, authz] = await redis.run((client) =>
    client.multi().zRange(sessionsKey(sub), 0, -1).get(authzKey(sub)).execTyped(),
  );
  if (authz === null) return [];
  const { generation } = readAuthorization(authz);
  const sessions = await Promise.all(ids.map((sid) => readSession(redis, sub, sid, generation)));
  return sessions
    .filter((session) => session !== undefined)
    .sort((one, two) => two.last_seen_at.localeCompare(one.last_seen_at));
}

async function readSession(
  redis: RedisLink,
  sub: string,
  sid: string,
  generation: number,
): Promise<SessionSummary | undefined> {
  const [stored, isActive] = await redis.run((client) =>
    client.multi().hGetAll(sessionKey(sub, sid)).exists(activeKey(sub, sid)).execTyped(),
  );
  const session = storedSession.safeParse(stored);
  if (isActive === 0 || !session.success || session.data.gen !== generation) return undefined;
  const { clientId, device, address, createdMs, lastSeenMs, endsAt } = session.data;
  return {
    session_id: sid,
    client_id: clientId,
    device,
    address,
    created_at: new Date(createdMs).toISOString(),
    last_seen_at: new Date(lastSeenMs).toISOString(),
    ends_at: new Date(endsAt * 1000).toISOString(),
  };
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
  redis: RedisLink,
  sub: string,
  sid: string,
): Promise<SessionLifetime | undefined> {
  const [[generation, endsAt], idleMs, authz] = await redis.run((client) =>
    client
      .multi()
      .hmGet(sessionKey(sub, sid), ['gen', 'endsAt'])
      .pTTL(activeKey(sub, sid))
      .get(authzKey(sub))
      .execTyped(),
  );
  if (idleMs < 0 || authz === null || !endsAt) return undefined;
  if (generation !== String(readAuthorization(authz).generation)) return undefined;
  return { idleMs, endsAt: Number(endsAt) };
}
