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
export const sessionSummarySchema = z.strictObject({
  session_id: z.string(),
  client_id: z.string(),
  device: z.string().describe('browser and system, from the user agent'),
  address: z.string().describe('where it was last refreshed or logged in from'),
  created_at: z.iso.datetime(),
  last_seen_at: z.iso.datetime(),
  ends_at: z.iso.datetime().describe('at the latest'),
});
export type SessionSummary = z.output<typeof sessionSummarySchema>;

/** A user's live sessions, the last used first. @throws {RedisUnavailable} */
export async function listSessions(redis: RedisLink, sub: string): Promise<SessionSummary[]> {
  const [ids, authz] = await redis.run((client) =>
    client.multi().zRange(sessionsKey(sub), 0, -1).get(authzKey(sub)).execTyped(),
  );
  if (authz === null) return [];
  const { gen } = readAuthorization(authz);
  const sessions = await Promise.all(ids.map((sid) => readSession(redis, sub, sid, gen)));
  return sessions
    .filter((session) => session !== undefined)
    .sort((one, two) => two.last_seen_at.localeCompare(one.last_seen_at));
}

async function readSession(
  redis: RedisLink,
  sub: string,
  sid: string,
  gen: number,
): Promise<SessionSummary | undefined> {
  const [stored, isActive] = await redis.run((client) =>
    client.multi().hGetAll(sessionKey(sub, sid)).exists(activeKey(sub, sid)).execTyped(),
  );
  const session = storedSession.safeParse(stored);
  if (isActive === 0 || !session.success || session.data.gen !== gen) return undefined;
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
