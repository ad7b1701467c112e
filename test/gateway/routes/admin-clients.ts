import { DEMO_USERS } from '../../../src/dev/demo-users.ts';
import { bearer, loginAs, problemOf, type TestGateway } from '../../support/gateway.ts';
import { send } from '../../support/requests.ts';

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

export { loginAs, send };
