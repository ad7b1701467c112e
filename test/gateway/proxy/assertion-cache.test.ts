import { decodeJwt } from 'jose';
import { expect } from 'vitest';
import { authzKey } from '../../../src/redis/keys.ts';
import { writeAuthorization } from '../../../src/users/authorization.ts';
import { assertionIn, assertionTest as test } from './assertion-test.ts';

const ASSERTION_TTL_SECONDS = 15;

test('the assertion of a read is signed once per session, role, method and path, even for simultaneous requests', async ({
  gateway,
  upstream,
  assertionFor,
  send,
}) => {
  const [first, second] = [await gateway.login(), await gateway.login()];
  const seen = new Set<string>();
  upstream.respondWith((incoming, outgoing) => {
    seen.add(assertionIn(incoming));
    outgoing.setHeader('x-assertion', assertionIn(incoming)).end();
  });
  await Promise.all(Array.from({ length: 20 }, () => assertionFor(first)));
  await assertionFor(first);
  expect(seen.size).toBe(1);
  await assertionFor(second);
  expect(seen.size).toBe(2);
  await send(first, '/accounts/a');
  await send(first, '/accounts/a?limit=1');
  expect(seen.size).toBe(3);
  await send(first, '/accounts/a', { method: 'HEAD' });
  expect(seen.size).toBe(4);
  const longPath = `/accounts/${'a'.repeat(300)}`;
  await send(first, longPath);
  await send(first, longPath);
  expect(seen.size).toBe(6);
});

test('a role change makes a new assertion', async ({ gateway, assertionFor, verified }) => {
  const token = await gateway.login('alice');
  const { sub } = decodeJwt<{ sub: string }>(token);
  const before = await assertionFor(token);
  await gateway.link.run((client) =>
    client.set(authzKey(sub), writeAuthorization({ role: 'supervisor', generation: 0 })),
  );
  const after = await assertionFor(token);
  expect(await verified(before)).toMatchObject({ role: 'user' });
  expect(await verified(after)).toMatchObject({ role: 'supervisor' });
});

test('an assertion reaches the upstream with at least a quarter of its lifetime left', async ({
  gateway,
  assertionFor,
  verified,
}) => {
  const token = await gateway.login();
  const seen = new Set<string>();
  let aheadMs = 0;
  for (let i = 0; i < 20; i += 1) {
    const assertion = await assertionFor(token);
    seen.add(assertion);
    const nowMs = Date.now() + aheadMs;
    const claims = await verified(assertion, nowMs);
    if ('reason' in claims) throw new Error(`refused: ${claims.detail}`);
    expect(claims.exp * 1000 - nowMs).toBeGreaterThan((ASSERTION_TTL_SECONDS / 4 - 2) * 1000);
    expect(claims.exp - claims.iat).toBe(ASSERTION_TTL_SECONDS);
    gateway.advanceClock(2000);
    aheadMs += 2000;
  }
  expect(seen.size).toBe(4);
});
