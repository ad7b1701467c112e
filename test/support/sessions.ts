import { DEMO_USERS } from '../../src/dev/demo-users.ts';
import { startGateway } from '../../src/gateway/server.ts';
import { createLog, type Logger } from '../../src/log.ts';
import { bearer, postJson, type TestGateway } from './gateway.ts';

/** What a log-in or a refresh gives a client that keeps its tokens itself. */
export interface Tokens {
  access_token: string;
  refresh_token: string;
  session_id: string;
  expires_in: number;
}

/** Logs a demo user in. @throws when the gateway refuses */
export async function logIn(
  url: string,
  username = 'bob',
  options: { remember?: boolean; headers?: Record<string, string> } = {},
): Promise<Tokens> {
  const { headers, ...more } = options;
  const password = DEMO_USERS.find((demo) => demo.username === username)?.password;
  const answer = await postJson(`${url}/auth/login`, { username, password, ...more }, headers);
  if (answer.status !== 200) throw new Error(`log-in of ${username} answered ${answer.status}`);
  return (await answer.json()) as Tokens;
}

export const refresh = (url: string, refreshToken: string): Promise<Response> =>
  postJson(`${url}/auth/refresh`, { refresh_token: refreshToken });

/** Refreshes. @throws when the gateway refuses */
export async function refreshed(url: string, refreshToken: string): Promise<Tokens> {
  const answer = await refresh(url, refreshToken);
  if (answer.status !== 200) throw new Error(`the refresh answered ${answer.status}`);
  return (await answer.json()) as Tokens;
}

/** The status that an access token gets. */
export const statusOf = async (url: string, accessToken: string, path = '/auth/session'): Promise<number> =>
  (await fetch(url + path, { headers: bearer(accessToken) })).status;

/** One more gateway over the same Redis with the same keys. `settings` replace those of the first. */
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
