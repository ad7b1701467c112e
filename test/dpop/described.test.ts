import { expect } from 'vitest';
import { introspected, oauthTest } from '../oauth/oauth-gateway.ts';
import { logInBound } from '../support/bound-session.ts';

const test = oauthTest({}, { uses: ['introspect', 'revoke'] }).extend('bound', ({ gateway }) =>
  logInBound(gateway),
);

test('introspection shows the key of a bound access token, and its type', async ({
  gateway,
  client,
  bound,
}) => {
  const cnf = { jkt: bound.client.jkt };
  const described = await introspected(gateway, client, bound.tokens.access_token);
  expect(described).toMatchObject({ active: true, token_type: 'DPoP', cnf });
});

test('introspection shows the key of a bound refresh token', async ({ gateway, client, bound }) => {
  const described = await introspected(gateway, client, bound.tokens.refresh_token);
  expect(described).toMatchObject({ active: true, cnf: { jkt: bound.client.jkt } });
  expect(described).not.toHaveProperty('token_type');
});

test('introspection uses up no proof', async ({ gateway, client, bound }) => {
  await introspected(gateway, client, bound.tokens.access_token);
  const headers = { dpop: bound.proof('GET', '/auth/session') };
  expect((await bound.request('/auth/session', { headers })).status).toBe(200);
});
