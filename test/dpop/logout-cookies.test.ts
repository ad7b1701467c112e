import { expect } from 'vitest';
import { sendBoundLogin } from '../support/bound-session.ts';
import { DpopClient, type ProofChanges } from '../support/dpop.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { problemOf } from '../support/gateway.ts';

const DAY_SECONDS = 86_400;

/** A page that has logged in with a key, and sends its cookies. */
const test = gatewayTest()
  .extend('client', () => new DpopClient())
  .extend('send', async ({ gateway, client }) => {
    const cookies = (await sendBoundLogin(gateway, client, 'bob', { transport: 'cookie' })).headers
      .getSetCookie()
      .map((line) => line.split(';')[0] ?? '');
    const token = cookies.find((cookie) => cookie.startsWith('portcullis='))?.slice('portcullis='.length);
    const { issuer } = gateway.settings;
    return (method: string, path: string, changes?: ProofChanges, by = client): Promise<Response> =>
      fetch(gateway.url + path, {
        method,
        headers: {
          cookie: cookies.join('; '),
          origin: new URL(issuer).origin,
          ...(changes && { dpop: by.proof(method, issuer + path, token, changes) }),
        },
      });
  });

test.for<[string, string, ProofChanges | undefined, DpopClient?]>([
  ['has no proof', 'token_binding_wrong', undefined],
  ['has a proof by another key', 'token_binding_wrong', {}, new DpopClient()],
  ['has a proof for another method', 'dpop_proof_invalid', { claims: { htm: 'GET' } }],
  ['has an old proof', 'dpop_nonce_required', { nowMs: Date.now() - DAY_SECONDS * 1000 }],
])(
  'a logout that %s is a 401 %s, keeps the cookies, and the session continues',
  async ([, code, changes, by], { send }) => {
    const response = await send('POST', '/auth/logout', changes, by);
    expect(response.headers.getSetCookie()).toEqual([]);
    expect(await problemOf(response)).toEqual({ status: 401, code });
    expect((await send('GET', '/auth/session', {})).status).toBe(200);
  },
);

test('a logout with a proof that was used before is a 401 dpop_proof_replayed, and keeps the cookies', async ({
  send,
}) => {
  const changes = { claims: { jti: 'the same' } };
  expect((await send('GET', '/auth/session', changes)).status).toBe(200);
  const response = await send('POST', '/auth/logout', changes);
  expect(response.headers.getSetCookie()).toEqual([]);
  expect(await problemOf(response)).toEqual({ status: 401, code: 'dpop_proof_replayed' });
});

test('a logout with a proof clears the cookies and ends the session', async ({ send }) => {
  const response = await send('POST', '/auth/logout', {});
  expect(response.status).toBe(204);
  expect(response.headers.getSetCookie()).toHaveLength(3);
  expect((await send('GET', '/auth/session', {})).status).toBe(401);
});
