import { randomBytes } from 'node:crypto';
import { writeAuthz } from '../src/identity/authz.ts';
import type { RedisLink } from '../src/redis/connect.ts';
import { authzKey } from '../src/redis/keys.ts';
import { Refusal } from '../src/refusal.ts';
import { startSession } from '../src/session/start.ts';
import type { SessionTerms } from '../src/session/terms.ts';
import { fixedRing, type KeyRing } from '../src/token/key-ring.ts';

/** Logs in `count` users, one session each, as the gateway does it. @returns their access tokens */
export async function startSessions(
  redis: RedisLink,
  ring: KeyRing,
  terms: SessionTerms,
  count: number,
): Promise<string[]> {
  const parts = { redis, ring: fixedRing(ring), refreshKey: randomBytes(32), terms };
  const start = async (): Promise<string> => {
    const userId = randomBytes(16).toString('base64url');
    await redis.run((client) => client.set(authzKey(userId), writeAuthz({ role: 'user', gen: 0 })));
    const about = { clientId: 'portcullis-web', device: 'bench', address: '127.0.0.1', remember: false };
    const session = await startSession(parts, { userId, role: 'user', gen: 0, ...about }, Date.now());
    if (session instanceof Refusal) throw new Error(`no session: ${session.reason}`);
    return session.accessToken;
  };
  return Promise.all(Array.from({ length: count }, start));
}

/** Logs in at the express server `count` times. @returns the session cookies */
export function sessionCookies(url: string, count: number): Promise<string[]> {
  const login = async (): Promise<string> => {
    const answer = await fetch(`${url}/login`, { method: 'POST' });
    const [cookie] = answer.headers.getSetCookie();
    if (answer.status !== 204 || cookie === undefined) throw new Error(`log-in answered ${answer.status}`);
    return cookie.slice(0, cookie.indexOf(';'));
  };
  return Promise.all(Array.from({ length: count }, login));
}

/** A browser-like request with one credential, as bytes. */
export const requestWith = (credential: string): Buffer =>
  Buffer.from(
    `${[
      'GET /bank/accounts HTTP/1.1',
      'host: bank.example',
      'accept: application/json',
      'accept-encoding: gzip, deflate, br',
      'accept-language: en',
      'user-agent: portcullis-bench',
      credential,
    ].join('\r\n')}\r\n\r\n`,
  );
