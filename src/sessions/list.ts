import { z } from 'zod';
import { RedisUnavailable } from '../redis/client.ts';
import { authzKey, sessionKey, sessionsKey } from '../redis/keys.ts';
import { SESSION_IDS_LUA } from '../redis/revocations/script.ts';
import { checkReply, defineScript, runScript } from '../redis/scripts.ts';
import { readSession } from '../redis/session-record.ts';
import type { RedisStore } from '../redis/store.ts';
import { readAuthorization } from '../users/authorization.ts';

/**
 * KEYS: sessions, authz. ARGV: prefix of the session keys. Returns the authorization, and the id and the text of each
 * active session. A script, because a full Redis refuses even reads in `MULTI`.
 */
const LIST_SESSIONS = defineScript(
  'session-list',
  `${SESSION_IDS_LUA}
local sessions = {}
for _, sid in ipairs(sessionIds(KEYS[1])) do
  local text = redis.call('GET', ARGV[1] .. sid)
  if text then table.insert(sessions, { sid, text }) end
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

const listReply = z.tuple([z.string().nullable(), z.array(z.tuple([z.string(), z.string()]))]);

/** A user's active sessions, most recently used first. @throws {RedisUnavailable} */
export async function listSessions(redis: RedisStore, sub: string): Promise<SessionSummary[]> {
  const keys = [sessionsKey(sub), authzKey(sub)];
  const reply = await runScript(redis, LIST_SESSIONS, keys, [sessionKey(sub, '')]);
  const [authz, sessions] = checkReply(listReply, reply);
  if (authz === null) return [];
  const { generation } = readAuthorization(authz);
  return sessions
    .map(([sid, text]) => summaryOf(sid, text, generation))
    .filter((session) => session !== undefined)
    .sort((one, two) => two.last_seen_at.localeCompare(one.last_seen_at));
}

/** Undefined if the session is of an older generation. @throws {RedisUnavailable} if it is malformed: none is hidden */
function summaryOf(sid: string, text: string, generation: number): SessionSummary | undefined {
  const session = readSession(text);
  if (session === undefined) throw new RedisUnavailable('a session in Redis is malformed');
  if (session.generation !== generation) return undefined;
  const { clientId, device, address, createdMs, movedAtMs, lastSeenMs, endsAt } = session;
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
