import { createHash } from 'node:crypto';
import { describe, expect } from 'vitest';
import { sendBoundLogin } from '../support/bound-session.ts';
import { DpopClient } from '../support/dpop.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { problemOf } from '../support/gateway.ts';

/** A browser that has logged in: its cookies, and its key. */
interface Browser {
  client: DpopClient;
  cookies: Record<string, string>;
}

const cookiesOf = (response: Response): Record<string, string> =>
  Object.fromEntries(
    response.headers.getSetCookie().map((line) => {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
      return [name, value];
    }),
  );

const test = gatewayTest().extend('browser', async ({ gateway }): Promise<Browser> => {
  const client = new DpopClient();
  const response = await sendBoundLogin(gateway, client, 'bob', { transport: 'cookie' });
  return { client, cookies: cookiesOf(response) };
});

const headersOf = ({ cookies }: Browser): Record<string, string> => ({
  origin: 'http://127.0.0.1:8080',
  cookie: Object.entries(cookies)
    .map((pair) => pair.join('='))
    .join('; '),
});

const hashOf = (token = ''): string => createHash('sha256').update(token).digest('base64url');
const BINDING_WRONG = { status: 401, code: 'token_binding_wrong' };

test('scripts can read which key the cookies need, and the hash of the access token in them', async ({
  browser,
}) => {
  const { cookies, client } = browser;
  expect(cookies['portcullis-present']).toBe(`${client.jkt}.${hashOf(cookies.portcullis)}`);
});

describe('the cookies of a bound session', () => {
  test('authenticate with a proof that has this hash', async ({ gateway, browser }) => {
    const ath = browser.cookies['portcullis-present']?.split('.')[1];
    const url = `${gateway.settings.issuer}/auth/session`;
    const dpop = browser.client.proof('GET', url, undefined, { claims: { ath } });
    const headers = { ...headersOf(browser), dpop };
    expect((await fetch(`${gateway.url}/auth/session`, { headers })).status).toBe(200);
  });

  test.for<[string, string]>([
    ['GET', '/bank/accounts'],
    ['GET', '/auth/session'],
    ['GET', '/auth/session/events'],
    ['POST', '/auth/refresh'],
    ['POST', '/auth/logout'],
  ])('open nothing alone: %s %s', async ([method, path], { gateway, upstream, browser }) => {
    const before = upstream.count;
    const response = await fetch(gateway.url + path, { method, headers: headersOf(browser) });
    expect(await problemOf(response)).toEqual(BINDING_WRONG);
    expect(upstream.count).toBe(before);
  });

  test('are exchanged for new ones with a proof, for the same key and the hash of the new token', async ({
    gateway,
    browser,
  }) => {
    const dpop = browser.client.proof('POST', `${gateway.settings.issuer}/auth/refresh`);
    const headers = { ...headersOf(browser), dpop };
    const response = await fetch(`${gateway.url}/auth/refresh`, { method: 'POST', headers });
    expect(response.status).toBe(200);
    const renewed = cookiesOf(response);
    expect(renewed['portcullis-present']).toBe(`${browser.client.jkt}.${hashOf(renewed.portcullis)}`);
    expect(renewed.portcullis).not.toBe(browser.cookies.portcullis);
  });
});
