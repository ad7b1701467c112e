import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { expect } from 'vitest';
import { createAssertionSource } from '../../../src/gateway/proxy/assertions.ts';
import type { AccessClaims } from '../../../src/jwt/access-token.ts';
import type { AssertionClaims } from '../../../src/jwt/assertion.ts';
import { fixedRing } from '../../../src/keys/ring.ts';
import { bearer } from '../../support/gateway.ts';
import { assertionTest as test } from './assertion-test.ts';

test('an upstream can verify user, session, role, scope and request with the published keys alone', async ({
  gateway,
  verified,
  assertionFor,
}) => {
  const token = await gateway.login('sam');
  const { sub, sid } = decodeJwt<{ sub: string; sid: string }>(token);
  const claims = await verified(await assertionFor(token));
  expect(claims).toEqual({
    iss: gateway.settings.issuer,
    aud: 'portcullis-bank',
    sub,
    sid,
    role: 'supervisor',
    scope: ['accounts:read', 'accounts:read-any'],
    jti: expect.stringMatching(/^[\w-]{22}$/),
    htm: 'GET',
    path: '/accounts',
    iat: expect.any(Number),
    exp: expect.any(Number),
  });
});

test('an assertion has the scope of the rule that allowed the request, and of the role only the one that qualifies it', async ({
  gateway,
  verified,
  send,
}) => {
  const bob = await gateway.login('bob');
  const ada = await gateway.login('ada');
  const scopeOf = async (token: string, init?: RequestInit) => {
    const path = init === undefined ? '/accounts' : '/accounts/a/transfers';
    return ((await verified(await send(token, path, init))) as AssertionClaims).scope;
  };
  expect(await scopeOf(bob)).toEqual(['accounts:read']);
  expect(await scopeOf(bob, { method: 'POST' })).toEqual(['transfers:write']);
  expect(await scopeOf(ada)).toEqual(['accounts:read', 'accounts:read-any']);
  expect(await scopeOf(ada, { method: 'POST' })).toEqual(['transfers:write', 'accounts:read-any']);
});

test('each request that can change something gets an assertion of its own', async ({
  gateway,
  verified,
  send,
}) => {
  const token = await gateway.login();
  const seen = await Promise.all(
    Array.from({ length: 10 }, async () =>
      verified(await send(token, '/accounts/a/transfers', { method: 'POST', body: '{}' })),
    ),
  );
  expect(new Set(seen.map((claims) => (claims as AssertionClaims).jti)).size).toBe(10);
  for (const claims of seen) expect(claims).toMatchObject({ htm: 'POST', path: '/accounts/a/transfers' });
});

test('an assertion states the digest of a body that was held, as a Content-Digest field would', async ({
  gateway,
}) => {
  const source = createAssertionSource(fixedRing(gateway.ring), gateway.settings);
  const claims = decodeJwt<AccessClaims>(await gateway.login());
  const body = '{"amountMinor":100}';
  const request = {
    method: 'POST',
    path: '/accounts/a/transfers',
    scope: 'transfers:write',
    bodyDigest: createHash('sha256').update(body).digest('base64url'),
  } as const;
  const authorization = { role: 'user', generation: 0 } as const;
  expect(decodeJwt(source(claims, authorization, request, Date.now()))).toMatchObject({
    content_digest: `sha-256=:${createHash('sha256').update(body).digest('base64')}:`,
  });
  const unheld = { ...request, bodyDigest: undefined };
  expect(decodeJwt(source(claims, authorization, unheld, Date.now()))).not.toHaveProperty('content_digest');
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
