import { decodeJwt } from 'jose';
import { describe, expect } from 'vitest';
import { siteOf } from '../../src/gateway/site.ts';
import { introspected, register } from '../oauth/oauth-gateway.ts';
import { DpopClient } from '../support/dpop.ts';
import { gatewayTest } from '../support/fixtures.ts';
import type { Tokens } from '../support/sessions.ts';
import {
  BEHIND_PROXY,
  CERTIFICATE,
  type CertifiedRequest,
  IMPOSTORS,
  refreshRequest,
  send,
  startBoundSession,
  THUMBPRINT,
  withToken,
} from './certified-requests.ts';

const test = gatewayTest(BEHIND_PROXY).extend('bound', ({ gateway }) => startBoundSession(gateway));

const WRONG = { status: 401, body: { code: 'token_binding_wrong' } };
const CERTIFIED = { certificates: [CERTIFICATE] };

const USES = [
  ['a proxied request', '/bank/accounts', {}],
  ['a proxied request with a body', '/bank/accounts/1/transfers', { method: 'POST', body: { amount: 1 } }],
  [
    'an event stream of the upstream',
    '/bank/accounts/1/stream',
    { headers: { accept: 'text/event-stream' } },
  ],
  ['the stream of session events', '/auth/session/events', {}],
  ['a route of the gateway', '/auth/sessions', {}],
  ['a logout', '/auth/logout', { method: 'POST' }],
] as const satisfies readonly (readonly [string, string, CertifiedRequest])[];

describe('a token that is bound to a certificate', () => {
  test('is a bearer token with the thumbprint, which introspection shows', async ({ gateway, bound }) => {
    expect(bound).toMatchObject({ token_type: 'Bearer' });
    const cnf = { 'x5t#S256': THUMBPRINT };
    expect(decodeJwt(bound.access_token)).toMatchObject({ client_id: bound.clientId, cnf });
    const service = await register(gateway);
    for (const token of [bound.access_token, bound.refresh_token])
      expect(await introspected(gateway, service, token)).toMatchObject({ active: true, cnf });
  });

  test.for(USES)('is accepted for %s with the certificate', async ([, path, request], { gateway, bound }) => {
    const { status } = await send(gateway, path, { ...withToken(request, bound), ...CERTIFIED });
    expect(status).toBeLessThan(300);
  });

  test.for(USES.flatMap((use) => IMPOSTORS.map((impostor) => [use[0], impostor[0], use, impostor] as const)))(
    'is refused for %s with %s, and neither Redis nor the upstream is asked',
    async ([, , [, path, request], [, impostor]], { gateway, upstream, bound }) => {
      const before = upstream.count;
      const commands = await gateway.redis.commandsDuring(async () => {
        const response = await send(gateway, path, { ...withToken(request, bound), ...impostor });
        expect(response).toMatchObject(WRONG);
      });
      expect(commands).toEqual([]);
      expect(upstream.count).toBe(before);
    },
  );

  test('is refused with a DPoP proof beside the certificate', async ({ gateway, upstream, bound }) => {
    const before = upstream.count;
    const url = `${gateway.settings.issuer}/bank/accounts`;
    const dpop = new DpopClient().proof('GET', url, bound.access_token);
    for (const authorization of [`DPoP ${bound.access_token}`, `Bearer ${bound.access_token}`]) {
      const headers = { authorization, dpop };
      expect(await send(gateway, '/bank/accounts', { ...CERTIFIED, headers })).toMatchObject(WRONG);
    }
    expect(upstream.count).toBe(before);
  });

  test('is refused in a cookie without the certificate, too', async ({ gateway, upstream, bound }) => {
    const headers = { cookie: `${siteOf(gateway.settings.issuer).cookieName}=${bound.access_token}` };
    expect((await send(gateway, '/bank/accounts', { ...CERTIFIED, headers })).status).toBe(200);
    const before = upstream.count;
    expect(await send(gateway, '/bank/accounts', { headers })).toMatchObject(WRONG);
    expect(upstream.count).toBe(before);
  });

  test('says to the upstream that the request was bound', async ({ gateway, upstream, bound }) => {
    let assertion = '';
    upstream.respondWith((incoming, outgoing) => {
      assertion = incoming.headers.authorization?.slice('Bearer '.length) ?? '';
      outgoing.end('{}');
    });
    await send(gateway, '/bank/accounts', { ...withToken({}, bound), ...CERTIFIED });
    expect(decodeJwt(assertion)).toMatchObject({ sender_constrained: 'mtls' });
  });
});

const grantRequest = ({ refresh_token, clientId }: Tokens & { clientId: string }): CertifiedRequest => ({
  method: 'POST',
  body: new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: clientId,
    refresh_token,
  }).toString(),
});

describe('a refresh token that is bound to a certificate', () => {
  test('is exchanged with the certificate for a token that is bound to the same one', async ({
    gateway,
    bound,
  }) => {
    const refreshed = await send(gateway, '/auth/refresh', { ...refreshRequest(bound), ...CERTIFIED });
    expect(refreshed.status).toBe(200);
    const next = { ...bound, ...(refreshed.body as unknown as Tokens) };
    const granted = await send(gateway, '/oauth/token', { ...grantRequest(next), ...CERTIFIED });
    expect(granted).toMatchObject({ status: 200, body: { token_type: 'Bearer' } });
    for (const { body } of [refreshed, granted])
      expect(decodeJwt(`${body.access_token}`).cnf).toEqual({ 'x5t#S256': THUMBPRINT });
  });

  test.for(IMPOSTORS)(
    'is neither exchanged nor used up with %s',
    async ([, impostor], { gateway, bound }) => {
      expect(await send(gateway, '/auth/refresh', { ...refreshRequest(bound), ...impostor })).toMatchObject(
        WRONG,
      );
      expect(await send(gateway, '/oauth/token', { ...grantRequest(bound), ...impostor })).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant', code: 'refresh_token_invalid' },
      });
      // Used up, it could be exchanged again only within the grace window, and then as a crossing.
      gateway.advanceClock(60_000);
      const exchanged = await send(gateway, '/auth/refresh', { ...refreshRequest(bound), ...CERTIFIED });
      expect(exchanged.status).toBe(200);
    },
  );

  test.for(IMPOSTORS)('ends no session with %s', async ([, impostor], { gateway, bound }) => {
    expect(await send(gateway, '/auth/logout', { ...refreshRequest(bound), ...impostor })).toMatchObject(
      WRONG,
    );
    const use = { ...withToken({}, bound), ...CERTIFIED };
    expect((await send(gateway, '/auth/session', use)).status).toBe(200);
  });

  test.for(['/auth/refresh', '/auth/logout'])(
    'is refused at %s with a DPoP proof beside the certificate',
    async (path, { gateway, bound }) => {
      // Other tests have moved the gateway's clock, so it accepts a proof only with its nonce.
      const url = gateway.settings.issuer + path;
      const nonce = (
        await send(gateway, path, {
          ...refreshRequest(bound),
          headers: { dpop: new DpopClient().proof('POST', url, undefined, { nowMs: 0 }) },
        })
      ).nonce;
      const dpop = new DpopClient().proof('POST', url, undefined, { nonce });
      const request = { ...refreshRequest(bound), ...CERTIFIED, headers: { dpop } };
      expect(await send(gateway, path, request)).toMatchObject(WRONG);
      const use = { ...withToken({}, bound), ...CERTIFIED };
      expect((await send(gateway, '/auth/session', use)).status).toBe(200);
    },
  );

  test('ends its session with the certificate', async ({ gateway, bound }) => {
    const { status } = await send(gateway, '/auth/logout', { ...refreshRequest(bound), ...CERTIFIED });
    expect(status).toBe(204);
    expect(await send(gateway, '/auth/session', { ...withToken({}, bound), ...CERTIFIED })).toMatchObject({
      status: 401,
      body: { code: 'token_revoked' },
    });
  });
});

test('the metadata says that tokens can be bound to certificates', async ({ gateway }) => {
  const { body } = await send(gateway, '/.well-known/oauth-authorization-server');
  expect(body).toMatchObject({ tls_client_certificate_bound_access_tokens: true });
});
