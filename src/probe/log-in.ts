import type { RawAnswer } from './raw-answer.ts';
import { exchange, isAnswer, type Target } from './raw-request.ts';
import { asBearer, posted, rawRequest } from './requests.ts';

export interface LogIn {
  username: string;
  password: string;
}

/** The probe can't do its work. The message is for the operator and holds no secret. */
export class ProbeFailed extends Error {
  readonly code = 'probe_failed';
  override readonly name = 'ProbeFailed';
}

/** The access token and the refresh token of a log-in. @throws {ProbeFailed} */
export async function logIn(target: Target, user: LogIn): Promise<{ access: string; refresh: string }> {
  const { access_token: access, refresh_token: refresh } = readJson(await postLogIn(target, user, 'bearer'));
  if (typeof access !== 'string') throw new ProbeFailed('the log-in gave no access token');
  if (typeof refresh !== 'string') throw new ProbeFailed('the log-in gave no refresh token');
  return { access, refresh };
}

export interface CookiePair {
  name: string;
  value: string;
}

/** The two cookies of a log-in, names and values as they are. @throws {ProbeFailed} */
export async function logInForCookies(
  target: Target,
  user: LogIn,
): Promise<{ access: CookiePair; refresh: CookiePair }> {
  const answer = await postLogIn(target, user, 'cookie');
  const lines = (answer.headers.get('set-cookie') ?? '').split(', ').map((line) => line.split(';')[0] ?? '');
  const cookies = lines.map((line) => ({
    name: line.slice(0, line.indexOf('=')),
    value: line.slice(line.indexOf('=') + 1),
  }));
  const refresh = cookies.find(({ name }) => name.includes('refresh'));
  const access = cookies.find(({ name, value }) => name !== refresh?.name && value.split('.').length === 3);
  if (access === undefined || refresh === undefined) throw new ProbeFailed('the log-in gave no cookies');
  return { access, refresh };
}

/** Ends a token. @throws {ProbeFailed} when the gateway doesn't say that it is ended. */
export async function logOut(target: Target, token: string): Promise<void> {
  const request = rawRequest(
    { host: target.origin.host, path: '/auth/logout' },
    { method: 'POST', lines: [`Authorization: Bearer ${token}`, 'Content-Length: 0'] },
  );
  const answer = await answerOf(target, request);
  if (answer.status !== 204) throw new ProbeFailed(`the log-out was answered with ${answer.status}`);
}

/** The text of the published key set (RFC 7517, section 5). @throws {ProbeFailed} */
export async function fetchKeys(target: Target): Promise<string> {
  const path = '/.well-known/jwks.json';
  const answer = await answerOf(target, rawRequest({ host: target.origin.host, path }));
  if (answer.status !== 200) throw new ProbeFailed(`${path} was answered with ${answer.status}`);
  return answer.body;
}

/** Whether a token gets in at a path: the status, or undefined without an answer. */
export async function statusWith(target: Target, path: string, token: string): Promise<number | undefined> {
  const answer = await exchange(target, asBearer({ host: target.origin.host, path }, token));
  return isAnswer(answer) ? answer.status : undefined;
}

async function postLogIn(target: Target, user: LogIn, transport: string): Promise<RawAnswer> {
  const body = JSON.stringify({ username: user.username, password: user.password, transport });
  const request = posted(target.origin.host, '/auth/login', 'application/json', body, [
    'Sec-Fetch-Site: same-origin',
  ]);
  const answer = await answerOf(target, request);
  if (answer.status === 200) return answer;
  if (answer.status === 401) throw new ProbeFailed('the user name or the password is wrong');
  if (answer.status === 429) throw new ProbeFailed('log-ins are throttled; try again later');
  throw new ProbeFailed(`the log-in was answered with ${answer.status}`);
}

async function answerOf(target: Target, request: Buffer): Promise<RawAnswer> {
  const outcome = await exchange(target, request);
  if (isAnswer(outcome)) return outcome;
  const code = outcome.code === undefined ? '' : ` (${outcome.code})`;
  throw new ProbeFailed(`no answer from ${target.origin.origin}: ${outcome.unanswered}${code}`);
}

function readJson(answer: RawAnswer): Record<string, unknown> {
  try {
    return Object(JSON.parse(answer.body));
  } catch {
    throw new ProbeFailed('the log-in was not answered with JSON');
  }
}
