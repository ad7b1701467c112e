import type { RedisLink } from '../src/redis/connection.ts';
import { PasswordHasher } from '../src/users/passwords.ts';
import { addUser } from '../src/users/users.ts';

const PASSWORD = 'known to the benchmark';

/** Adds `count` users, who share a password and its hash, because logins are not measured and should be fast. */
export async function addUsers(redis: RedisLink, count: number): Promise<string[]> {
  const hasher = new PasswordHasher({ workers: 1, queueMax: 1 });
  try {
    const passwordHash = await hasher.hash(PASSWORD);
    const names = Array.from({ length: count }, (_, n) => `bench-${n}`);
    for (const username of names)
      await addUser(redis, { username, displayName: username, passwordHash, role: 'user' }, new Date());
    return names;
  } finally {
    await hasher.close();
  }
}

/** Logs in each user once at a gateway. @returns the access tokens */
export async function accessTokens(gatewayUrl: string, usernames: readonly string[]): Promise<string[]> {
  const tokens: string[] = [];
  for (const username of usernames) {
    const response = await fetch(`${gatewayUrl}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password: PASSWORD }),
    });
    const { access_token } = (await response.json()) as { access_token?: string };
    if (access_token === undefined) throw new Error(`login at the gateway failed with ${response.status}`);
    tokens.push(access_token);
  }
  return tokens;
}

/** Logs in `count` times at the express server. @returns the session cookies */
export function sessionCookies(url: string, count: number): Promise<string[]> {
  const login = async (): Promise<string> => {
    const response = await fetch(`${url}/login`, { method: 'POST' });
    const [cookie] = response.headers.getSetCookie();
    if (response.status !== 204 || cookie === undefined)
      throw new Error(`login failed with ${response.status}`);
    return cookie.slice(0, cookie.indexOf(';'));
  };
  return Promise.all(Array.from({ length: count }, login));
}

/** The bytes of a browser-like request with one credential. */
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
