import { DEMO_USERS } from '../../../src/dev/demo-users.ts';
import { bearer, loginAs, problemOf, type TestGateway } from '../../support/gateway.ts';

export interface JsonResponse {
  status: number;
  body: Record<string, unknown>;
}

/** Sends a request with a token and reads the JSON response, if there is a body. */
export async function send(
  url: string,
  method: string,
  { token, body }: { token?: string; body?: unknown } = {},
): Promise<JsonResponse> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(token === undefined ? {} : bearer(token)),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

export const idOf = ({ users }: TestGateway, username: string): string => {
  const user = users.find((one) => one.username === username);
  if (user === undefined) throw new Error(`there is no demo user ${username}`);
  return user.id;
};

export const passwordOf = (username: string): string =>
  DEMO_USERS.find((demo) => demo.username === username)?.password ?? '';

/** The status and code of `GET /auth/session`. */
export const sessionProblem = async (url: string, token: string) =>
  problemOf(await fetch(`${url}/auth/session`, { headers: bearer(token) }));

export { loginAs };
