import { z } from 'zod';
import { activeKey, authzKey, sessionKey, sessionsKey } from '../redis/keys.ts';
import { checkReply, defineScript, runScript } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';
import { readAuthorization } from '../users/authorization.ts';

const storedSession = z.object({
  gen: z.coerce.number(),
  clientId: z.string(),
  device: z.string(),
  address: z.string(),
  createdMs: z.coerce.number(),
  movedAtMs: z.coerce.number(),
  lastSeenMs: z.coerce.number(),
  endsAt: z.coerce.number(),
});
/** The fields of a session that a list shows. */
const FIELDS = Object.keys(storedSession.shape);

/**
 * KEYS: sessions, authz. ARGV: prefix of the session keys, prefix of the active keys, then the names of fields.
 * Returns the authorization, and for each active session its id and the fields. A script, because a full Redis refuses
 * even reads in `MULTI`.
 */
const LIST_SESSIONS = defineScript(
  'session-list',
  `
local sessionPrefix, activePrefix = unpack(ARGV)
local sessions = {}
for _, sid in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if redis.call('EXISTS', activePrefix .. sid) == 1 then
    table.insert(sessions, { sid, redis.call('HMGET', sessionPrefix .. sid, unpack(ARGV, 3)) })
  end
end
return { redis.call('GET', KEYS[2]), sessions }
`,
);

/** One session as its owner and an administrator see it. */
export const sessionSummarySchema = z
  .strictObject({
    session_id: z.string(),
    client_id: z.string(),
    device: z
      .string()
      .describe(
        'Browser and operating system at the last refresh, or else at the login, from the user agent',
      ),
    address: z.string().describe('Client address of the last refresh, or else of the login'),
    created_at: z.iso.datetime(),
    refreshed_at: z.iso.datetime().describe('Time of the last refresh, or else of the login'),
    last_seen_at: z.iso.datetime(),
    ends_at: z.iso.datetime().describe('Latest possible end'),
  })
  .meta({ id: 'Session' });
export type SessionSummary = z.output<typeof sessionSummarySchema>;

const listReply = z.tuple([
  z.string().nullable(),
  z.array(z.tuple([z.string(), z.array(z.string().nullable())])),
]);

/** A user's active sessions, most recently used first. @throws {RedisUnavailable} */
export async function listSessions(redis: RedisStore, sub: string): Promise<SessionSummary[]> {
  const keys = [sessionsKey(sub), authzKey(sub)];
  const args = [sessionKey(sub, ''), activeKey(sub, ''), ...FIELDS];
  const reply = await runScript(redis, LIST_SESSIONS, keys, args);
  const [authz, sessions] = checkReply(listReply, reply);
  if (authz === null) return [];
  const { generation } = readAuthorization(authz);
  return sessions
    .map(([sid, values]) => summaryOf(sid, values, generation))
    .filter((session) => session !== undefined)
    .sort((one, two) => two.last_seen_at.localeCompare(one.last_seen_at));
}

/** Undefined if the session is of an older generation, or has been ended since its id was listed. */
function summaryOf(
  sid: string,
  values: readonly (string | null)[],
  generation: number,
): SessionSummary | undefined {
  const fields = FIELDS.map((field, i) => [field, values[i] ?? undefined]);
  const session = storedSession.safeParse(Object.fromEntries(fields));
  if (!session.success || session.data.gen !== generation) return undefined;
  const { clientId, device, address, createdMs, movedAtMs, lastSeenMs, endsAt } = session.data;
  const dateTime = (ms: number): string => new Date(ms).toISOString();
  return {
    session_id: sid,
    client_id: clientId,
    device,
    address,
    created_at: dateTime(createdMs),
    refreshed_at: dateTime(movedAtMs),
    last_seen_at: dateTime(lastSeenMs),
    ends_at: dateTime(endsAt * 1000),
  };
}
