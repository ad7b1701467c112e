import type { RedisLink } from '../redis/connection.ts';
import { activeKey, revocationsChannel, sessionKey, sessionsKey, whitelistKey } from '../redis/keys.ts';
import { runScript } from '../redis/scripts.ts';
import { END_OTHER_SESSIONS, END_SESSION } from './scripts.ts';

/**
 * Ends a session: when this resolves, no gateway lets any of its tokens in. Answers whether there was one.
 * `jti` names a token whose whitelist entry goes with it at once instead of at its expiry.
 * @throws {RedisUnavailable}
 */
export async function endSession(redis: RedisLink, sub: string, sid: string, jti?: string): Promise<boolean> {
  const keys = [sessionsKey(sub), sessionKey(sub, sid), activeKey(sub, sid)];
  if (jti !== undefined) keys.push(whitelistKey(sub, jti));
  return (await runScript(redis, END_SESSION, keys, [sid, revocationsChannel(), sub])) === 1;
}

/** Ends all sessions of a user, but for `keep` if it is given. Answers how many. @throws {RedisUnavailable} */
export async function endOtherSessions(redis: RedisLink, sub: string, keep?: string): Promise<number> {
  const args = [keep ?? '', sessionKey(sub, ''), activeKey(sub, ''), revocationsChannel(), sub];
  return Number(await runScript(redis, END_OTHER_SESSIONS, [sessionsKey(sub)], args));
}
