import type { RedisLink } from '../src/redis/connection.ts';
import { PasswordHasher } from '../src/users/passwords.ts';
import { addUser } from '../src/users/users.ts';

const PASSWORD = 'the bench knows it';

/** Adds `count` users. They share a password and its hash: to log in has to be quick and isn't measured. */
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

/** Logs users in at a gateway, one session each. @returns their access tokens */
export async function accessTokens(gatewayUrl: string, usernames: readonly string[]): Promise<string[]> {
  const tokens: string[] = [];
  for (const username of usernames) {
    const answer = await fetch(`${gatewayUrl}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password: PASSWORD }),
    });
    const { access_token } = (await answer.json()) as { access_token?: string };
    if (access_token === undefined) throw new Error(`log-in at the gateway answered ${answer.status}`);
    tokens.push(access_token);
  }
  return tokens;
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
