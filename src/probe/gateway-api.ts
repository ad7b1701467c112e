import type { IssuedSession } from './attack.ts';
import { exchange, isResponse, type Target } from './exchange.ts';
import type { RawResponse } from './raw-response.ts';
import { bearer, post, type RequestParts, rawRequest } from './requests.ts';

export interface User {
  username: string;
  password: string;
}

/** The probe cannot continue. The message is for the operator and contains no secret. */
export class ProbeFailed extends Error {
  readonly code = 'probe_failed';
  override readonly name = 'ProbeFailed';
}

/** Logs in and returns both tokens. @throws {ProbeFailed} */
export const login = async (target: Target, user: User): Promise<IssuedSession> =>
  readTokens('login', await postLogin(target, user, 'bearer'));

/** Exchanges a refresh token for the next tokens (RFC 6749, section 6). @throws {ProbeFailed} */
export async function refresh(target: Target, token: string): Promise<IssuedSession> {
  const path = '/auth/refresh';
  const body = JSON.stringify({ refresh_token: token });
  const lines = ['User-Agent: portcullis probe'];
  const response = await send(target, path, post(path, 'application/json', body, lines));
  if (response.status !== 200) throw new ProbeFailed(`the refresh returned status ${response.status}`);
  return readTokens('refresh', response);
}

/** Reads the tokens of a login or a refresh. @throws {ProbeFailed} */
export function readTokens(what: string, response: RawResponse): IssuedSession {
  const { access_token: access, refresh_token: refresh } = parseJson(what, response);
  if (typeof access !== 'string') throw new ProbeFailed(`the ${what} response has no access token`);
  if (typeof refresh !== 'string') throw new ProbeFailed(`the ${what} response has no refresh token`);
  return { access, refresh };
}

interface Cookie {
  name: string;
  value: string;
}

/** Logs in and returns both cookies. @throws {ProbeFailed} */
export async function loginWithCookies(
  target: Target,
  user: User,
): Promise<{ access: Cookie; refresh: Cookie }> {
  const { headers } = await postLogin(target, user, 'cookie');
  const cookies = (headers['set-cookie'] ?? []).map((line) => {
    const [, name = '', value = ''] = /^([^=;]*)=([^;]*)/.exec(line) ?? [];
    return { name, value };
  });
  const refresh = cookies.find(({ name }) => name.includes('refresh'));
  const access = cookies.find(({ name, value }) => name !== refresh?.name && value.split('.').length === 3);
  if (access === undefined || refresh === undefined)
    throw new ProbeFailed('the login response has no cookies');
  return { access, refresh };
}

/** @throws {ProbeFailed} unless the gateway confirms the logout */
export async function logout(target: Target, token: string): Promise<void> {
  const { status } = await send(target, '/auth/logout', {
    method: 'POST',
    lines: [bearer(token), 'Content-Length: 0'],
  });
  if (status !== 204) throw new ProbeFailed(`the logout returned status ${status}`);
}

/** The text of the published key set (RFC 7517, section 5). @throws {ProbeFailed} */
export async function fetchKeySet(target: Target): Promise<string> {
  const path = '/.well-known/jwks.json';
  const { status, body } = await send(target, path);
  if (status !== 200) throw new ProbeFailed(`${path} returned status ${status}`);
  return body.toString();
}

async function postLogin(target: Target, user: User, transport: string): Promise<RawResponse> {
  return checkLogin(await sendLogin(target, user, transport, ['Sec-Fetch-Site: same-origin']));
}

/** Sends a login with further header lines. @throws {ProbeFailed} if there is no response */
export function sendLogin(
  target: Target,
  { username, password }: User,
  transport: string,
  lines: readonly string[],
): Promise<RawResponse> {
  const path = '/auth/login';
  const body = JSON.stringify({ username, password, transport });
  return send(target, path, post(path, 'application/json', body, lines));
}

/** Returns a response that accepts a login. @throws {ProbeFailed} for any other */
export function checkLogin(response: RawResponse): RawResponse {
  if (response.status === 200) return response;
  if (response.status === 401) throw new ProbeFailed('wrong username or password');
  if (response.status === 429) throw new ProbeFailed('too many login attempts; try again later');
  throw new ProbeFailed(`the login returned status ${response.status}`);
}

/** Sends a request. @throws {ProbeFailed} if there is no response */
export async function send(target: Target, path: string, parts: RequestParts = {}): Promise<RawResponse> {
  const outcome = await exchange(target, rawRequest({ host: target.origin.host, path }, parts));
  if (isResponse(outcome)) return outcome;
  const code = outcome.code === undefined ? '' : ` (${outcome.code})`;
  throw new ProbeFailed(`no response from ${target.origin.origin}: ${outcome.failure}${code}`);
}

function parseJson(what: string, { body }: RawResponse): Record<string, unknown> {
  try {
    return Object(JSON.parse(body.toString()));
  } catch {
    throw new ProbeFailed(`the ${what} response is not JSON`);
  }
}
