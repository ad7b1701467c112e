import { decodeJwt } from 'jose';
import { expect } from 'vitest';
import { type AssertionClaims, createAssertionVerifier } from '../../../src/jwt/assertion.ts';
import { RemoteJwks } from '../../../src/keys/remote-jwks.ts';
import { authzKey } from '../../../src/redis/keys.ts';
import { writeAuthorization } from '../../../src/users/authorization.ts';
import { ROLES, SCOPES } from '../../../src/users/roles.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { bearer } from '../../support/gateway.ts';

const ASSERTION_TTL_SECONDS = 60;

const test = gatewayTest()
  /** The assertion of a request with this token. */
  .extend('assertionFor', ({ gateway }) => async (token: string): Promise<string> => {
    const response = await fetch(`${gateway.url}/bank/accounts`, { headers: bearer(token) });
    expect(response.status).toBe(200);
    expect(authorization).toMatch(/^Bearer /);
    return authorization.slice('Bearer '.length);
  })
  /** The claims of an assertion, verified with the published keys only. */
  .extend(
    'verified',
    ({ gateway }) =>
      (assertion: string, atMs = Date.now()) =>
        createAssertionVerifier(
          {
            issuer: gateway.settings.issuer,
            audience: gateway.settings.bankAudience,
            roles: ROLES,
            scopes: SCOPES,
          },
          new RemoteJwks(`${gateway.url}/.well-known/jwks.json`),
        ).verify(assertion, atMs),
  );

let authorization = '';
test.beforeEach(({ upstream }) => {
  upstream.respondWith((incoming, outgoing) => {
    authorization = incoming.headers.authorization ?? '';
    outgoing.end();
  });
});

test('an upstream can verify user, session, role and scopes with the published keys alone', async ({
  gateway,
  verified,
  assertionFor,
}) => {
  const token = await gateway.login('sam');
  const { sub, sid } = decodeJwt<{ sub: string; sid: string }>(token);
  expect(await verified(await assertionFor(token))).toEqual({
    iss: gateway.settings.issuer,
    aud: 'portcullis-bank',
    sub,
    sid,
    role: 'supervisor',
    scope: expect.arrayContaining(['accounts:read', 'accounts:read-any']),
    iat: expect.any(Number),
    exp: expect.any(Number),
  } satisfies Record<keyof AssertionClaims, unknown>);
});

test("an assertion is not the user's token, and neither is accepted in place of the other", async ({
  gateway,
  assertionFor,
  verified,
}) => {
  const token = await gateway.login();
  const assertion = await assertionFor(token);
  expect(assertion).not.toBe(token);
  expect(await verified(token)).toMatchObject({ reason: 'assertion_invalid' });
  const response = await fetch(`${gateway.url}/auth/session`, { headers: bearer(assertion) });
  expect(response.status).toBe(401);
});

test('an assertion is signed once per session, even for simultaneous requests', async ({
  gateway,
  upstream,
  assertionFor,
}) => {
  const [first, second] = [await gateway.login(), await gateway.login()];
  const seen = new Set<string>();
  upstream.respondWith((incoming, outgoing) => {
    seen.add(incoming.headers.authorization ?? '');
    authorization = incoming.headers.authorization ?? '';
    outgoing.end();
  });
  await Promise.all(Array.from({ length: 20 }, () => assertionFor(first)));
  await assertionFor(first);
  expect(seen.size).toBe(1);
  await assertionFor(second);
  expect(seen.size).toBe(2);
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

test('an assertion reaches the upstream with between a quarter of its lifetime and a minute left', async ({
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
    gateway.advanceClock(7000);
    aheadMs += 7000;
  }
  expect(seen.size).toBe(3);
});
