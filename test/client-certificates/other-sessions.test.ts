import { decodeJwt } from 'jose';
import { describe, expect } from 'vitest';
import { logInBound } from '../support/bound-session.ts';
import { gatewayTest } from '../support/fixtures.ts';
import type { Tokens } from '../support/sessions.ts';
import { BEHIND_PROXY, IMPOSTORS, refreshRequest, send, withToken } from './certified-requests.ts';

/* A proxy may ask all clients for certificates. They matter only to sessions that are bound to one. */

const test = gatewayTest(BEHIND_PROXY);

describe('a session that is bound to nothing', () => {
  test.for(IMPOSTORS)('works with %s', async ([, impostor], { gateway }) => {
    const { body } = await send(gateway, '/auth/login', {
      method: 'POST',
      body: { username: 'bob', password: 'foobared' },
      ...impostor,
    });
    const tokens = body as unknown as Tokens;
    expect(decodeJwt(tokens.access_token).cnf).toBeUndefined();
    expect((await send(gateway, '/bank/accounts', { ...withToken({}, tokens), ...impostor })).status).toBe(
      200,
    );
    const refreshed = await send(gateway, '/auth/refresh', { ...refreshRequest(tokens), ...impostor });
    expect(refreshed.status).toBe(200);
    const last = refreshRequest(refreshed.body as unknown as Tokens);
    expect((await send(gateway, '/auth/logout', { ...last, ...impostor })).status).toBe(204);
  });
});

test.for(IMPOSTORS)('a session that is bound to a key works with %s', async ([, impostor], { gateway }) => {
  const session = await logInBound(gateway);
  const { access_token, refresh_token } = session.tokens;
  const proved = { authorization: `DPoP ${access_token}`, dpop: session.proof('GET', '/bank/accounts') };
  expect((await send(gateway, '/bank/accounts', { ...impostor, headers: proved })).status).toBe(200);
  const dpop = session.client.proof('POST', `${gateway.settings.issuer}/auth/refresh`);
  const refresh = { method: 'POST', headers: { dpop }, body: { refresh_token } };
  expect((await send(gateway, '/auth/refresh', { ...impostor, ...refresh })).status).toBe(200);
});
