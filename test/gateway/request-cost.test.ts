import { expect } from 'vitest';
import { createAccessTokenVerifier } from '../../src/jwt/access-token.ts';
import { gatewayTest, logInAs } from '../support/fixtures.ts';

/*
 * What a proxied request costs, in counts: timings would depend on the machine.
 */

const test = gatewayTest().extend('alice', ({ gateway }) => logInAs(gateway, 'alice'));

/** Requests that are not the user's activity, which is written at most once per step of the idle timeout. */
const BACKGROUND = { headers: { 'x-background': '1' } };

test('the first proxied request of a session, and each later one, asks Redis exactly once', async ({
  gateway,
  upstream,
  alice,
}) => {
  // A response of undeclared length is checked again while it lasts.
  upstream.respondWith((_incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-length': 2 }).end('{}');
  });
  // A request that waits for a connection to the upstream is judged again, so another user opens one.
  const bob = await logInAs(gateway, 'bob');
  expect((await bob.request('/bank/accounts')).status).toBe(200);
  const send = async () => expect((await alice.request('/bank/accounts', BACKGROUND)).status).toBe(200);
  expect(await gateway.redis.commandsDuring(send)).toEqual(['mget']);
  expect(await gateway.redis.commandsDuring(send)).toEqual(['mget']);
});

test('a token is verified at once, without a job for another thread, also the first time', async ({
  gateway,
  alice,
}) => {
  const { issuer, audience } = gateway.settings;
  const nowMs = Date.now();
  const verify = createAccessTokenVerifier(gateway.ring, { issuer, audience }, 0);
  expect(verify(alice.token, nowMs)).toEqual(alice.claims);
});
