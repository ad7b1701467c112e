import { addClient, type NewClient } from '../../src/clients/clients.ts';
import { bearer, postJson } from '../support/gateway.ts';
import { type StackOptions, startTestStack, type TestStack } from '../support/stack.ts';

export interface FreshUser {
  id: string;
  username: string;
  password: string;
}

/** A gateway and a bank with logged-in users, for requests to every route. */
export interface Scene {
  stack: TestStack;
  client: NewClient;
  /** Access tokens. */
  bob: string;
  ada: string;
  root: string;
  /** Creates a customer. */
  fresh(): Promise<FreshUser>;
  /** Starts a new session. */
  tokensOf(user?: { username: string; password: string }): Promise<Tokens>;
  close(): Promise<void>;
}

export interface Tokens {
  access_token: string;
  refresh_token: string;
  session_id: string;
}

const BOB = { username: 'bob', password: 'foobared' };

export async function startScene(
  env: Record<string, string> = {},
  options: StackOptions = {},
): Promise<Scene> {
  const settings = { REGISTRATION: 'open', SESSIONS_PER_USER_MAX: '1000', MAIL_TO_LOG: 'on', ...env };
  const stack = await startTestStack(settings, {}, { ...options, settings: { redisDeadlineMs: 10_000 } });
  const client = await addClient(
    stack.link,
    { name: 'a service', uses: ['revoke', 'introspect'] },
    new Date(),
  );
  const [bob, ada, root] = [await stack.login('bob'), await stack.login('ada'), await stack.login('root')];
  let made = 0;
  return {
    stack,
    client,
    bob,
    ada,
    root,
    fresh: async () => {
      made += 1;
      const user = { username: `fresh${made}`, password: 'correct horse battery' };
      const response = await postJson(`${stack.url}/admin/users`, user, bearer(ada));
      const { id } = (await response.json()) as { id: string };
      return { id, ...user };
    },
    tokensOf: async (user = BOB) => {
      const { username, password } = user;
      const response = await postJson(`${stack.url}/auth/login`, { username, password });
      return (await response.json()) as Tokens;
    },
    close: () => stack.close(),
  };
}
