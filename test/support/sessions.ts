import { DEMO_USERS } from '../../src/dev/demo-users.ts';
import { startGateway } from '../../src/gateway/server.ts';
import { createLog, type Logger } from '../../src/log.ts';
import { bearer, postJson, postOnceUp, type TestGateway } from './gateway.ts';

/** The response to a login or a refresh with bearer tokens. */
export interface Tokens {
  access_token: string;
  refresh_token: string;
  session_id: string;
  expires_in: number;
}

/** Logs in a demo user. @throws if the gateway refuses */
export async function logIn(
  url: string,
  username = 'bob',
  options: { remember?: boolean; headers?: Record<string, string> } = {},
): Promise<Tokens> {
  const { headers, ...more } = options;
  const password = DEMO_USERS.find((demo) => demo.username === username)?.password;
  const response = await postOnceUp(`${url}/auth/login`, { username, password, ...more }, headers);
  if (response.status !== 200) throw new Error(`the login of ${username} failed with ${response.status}`);
  return (await response.json()) as Tokens;
}

export const refresh = (url: string, refreshToken: string): Promise<Response> =>
  postJson(`${url}/auth/refresh`, { refresh_token: refreshToken });

/** Refreshes the tokens. @throws if the gateway refuses */
export async function refreshed(url: string, refreshToken: string): Promise<Tokens> {
  const response = await refresh(url, refreshToken);
  if (response.status !== 200) throw new Error(`the refresh failed with ${response.status}`);
  return (await response.json()) as Tokens;
}

/** The status of a request with an access token. */
export const statusOf = async (url: string, accessToken: string, path = '/auth/session'): Promise<number> =>
  (await fetch(url + path, { headers: bearer(accessToken) })).status;

/** Starts another gateway with the same Redis and keys. `settings` replace those of the first. */
export async function startAnotherGateway(
  { settings: first }: TestGateway,
  { settings = {}, now = Date.now, log = createLog('gateway', 'silent') }: AnotherGateway = {},
): Promise<{ url: string; close(): Promise<void> }> {
  return startGateway({ settings: { ...first, gatewayPort: 0, ...settings }, log, now });
}

interface AnotherGateway {
  settings?: Partial<TestGateway['settings']>;
  now?: () => number;
  log?: Logger;
}
