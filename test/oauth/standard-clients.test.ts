import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { describe, expect } from 'vitest';
import { signAssertion } from '../../src/jwt/assertion.ts';
import { bearer, problemOf } from '../support/gateway.ts';
import { auditRecords, oauthTest, register, tokensOf } from './oauth-gateway.ts';

const plainHttp = { [oauth.allowInsecureRequests]: true };

const METHODS = [
  ['client_secret_basic', openid.ClientSecretBasic],
  ['client_secret_post', openid.ClientSecretPost],
] as const;

const test = oauthTest()
  .extend(
    'status',
    ({ gateway }) =>
      async (token: string): Promise<number> =>
        (await fetch(`${gateway.url}/auth/session`, { headers: bearer(token) })).status,
  )
  .extend(
    'discover',
    ({ gateway }) =>
      (clientId: string, authentication: openid.ClientAuth): Promise<openid.Configuration> =>
        openid.discovery(new URL(gateway.settings.issuer), clientId, undefined, authentication, {
          algorithm: 'oauth2',
          execute: [openid.allowInsecureRequests],
        }),
  )
  .extend('discovered', ({ gateway }) => async (): Promise<oauth.AuthorizationServer> => {
    const issuer = new URL(gateway.settings.issuer);
    const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...plainHttp });
    return oauth.processDiscoveryResponse(issuer, response);
  })
  .extend(
    'validate',
    ({ discovered }) =>
      async (token: string, audience = 'portcullis-api') =>
        oauth.validateJwtAccessToken(
          await discovered(),
          new Request('http://api.example/', { headers: bearer(token) }),
          audience,
          { signingAlgorithms: ['PS256'], ...plainHttp },
        ),
  );

describe.each(METHODS)('openid-client with %s', (_name, method) => {
  test('discovers the gateway, introspects a token, revokes it, and sees that it is inactive', async ({
    gateway,
    client,
    status,
    discover,
  }) => {
    const config = await discover(client.id, method(client.secret));
    const { access_token } = await tokensOf(gateway);
    expect(await openid.tokenIntrospection(config, access_token)).toMatchObject({ active: true });
    expect(await status(access_token)).toBe(200);
    await openid.tokenRevocation(config, access_token);
    expect(await status(access_token)).toBe(401);
    expect(await openid.tokenIntrospection(config, access_token)).toEqual({ active: false });
  });

  test('gets the standard error for a wrong secret', async ({ gateway, client, status, discover }) => {
    const wrong = client.secret.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'));
    const config = await discover(client.id, method(wrong));
    const { access_token } = await tokensOf(gateway);
    const refusal = await openid.tokenRevocation(config, access_token).catch((fault: unknown) => fault);
    expect(refusal).toBeInstanceOf(openid.WWWAuthenticateChallengeError);
    const { cause, response } = refusal as openid.WWWAuthenticateChallengeError;
    expect(cause).toEqual([{ scheme: 'basic', parameters: { realm: 'portcullis' } }]);
    expect(await response.json()).toMatchObject({ error: 'invalid_client', code: 'client_invalid' });
    expect(await status(access_token)).toBe(200);
  });

  test('gets the standard error for a use that it is not registered for', async ({
    gateway,
    status,
    discover,
  }) => {
    const asker = await register(gateway, ['introspect']);
    const config = await discover(asker.id, method(asker.secret));
    const { access_token } = await tokensOf(gateway);
    await expect(openid.tokenRevocation(config, access_token)).rejects.toMatchObject({
      error: 'unauthorized_client',
      status: 400,
    });
    expect(await status(access_token)).toBe(200);
  });
});

describe('openid-client as a public client', () => {
  test('exchanges a refresh token for a new pair, and reusing the old one ends the session', async ({
    gateway,
    status,
    discover,
  }) => {
    const config = await discover('portcullis-web', openid.None());
    const { access_token, refresh_token, session_id } = await tokensOf(gateway);
    const next = await openid.refreshTokenGrant(config, refresh_token);
    expect(next).toMatchObject({ token_type: 'bearer', session_id });
    expect(await status(next.access_token)).toBe(200);
    gateway.advanceClock(gateway.settings.refreshGraceSeconds * 1000);
    try {
      const replay = openid.refreshTokenGrant(config, refresh_token);
      await expect(replay).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
      for (const token of [access_token, next.access_token]) expect(await status(token)).toBe(401);
    } finally {
      gateway.advanceClock(-gateway.settings.refreshGraceSeconds * 1000);
    }
    const [last] = (await auditRecords(gateway)).slice(-1);
    expect(last).toMatchObject({ action: 'refresh_reuse', session: session_id });
  });
});

describe('oauth4webapi', () => {
  test('accepts an access token by the discovered keys as RFC 9068 requires, and for no other audience', async ({
    gateway,
    validate,
  }) => {
    const { access_token, session_id } = await tokensOf(gateway);
    expect(await validate(access_token)).toMatchObject({
      iss: gateway.settings.issuer,
      sid: session_id,
      client_id: 'portcullis-web',
    });
    await expect(validate(access_token, 'another-api')).rejects.toThrow(oauth.OperationProcessingError);
  });

  test('rejects an assertion, a refresh token and a token of another key as access tokens', async ({
    gateway,
    validate,
  }) => {
    const { access_token, refresh_token } = await tokensOf(gateway);
    const { iss, aud, sub, sid, iat, exp } = await validate(access_token);
    const told = { iss, aud: String(aud), sub, sid: String(sid), iat, exp: Math.min(exp, iat + 15) };
    const assertion = signAssertion(gateway.ring.signing.assertionKey, {
      ...told,
      jti: 'j'.repeat(22),
      htm: 'GET',
      path: '/accounts',
      role: 'user',
      scope: ['accounts:read'],
    });
    const otherKey = access_token.replace(/[^.]+$/, 'A'.repeat(342));
    for (const forged of [assertion, refresh_token, otherKey])
      await expect(validate(forged)).rejects.toThrow(/./);
  });

  test('accepts a revoked token by its signature, and only introspection shows that it is inactive', async ({
    gateway,
    client,
    discovered,
    validate,
  }) => {
    const server = await discovered();
    const { access_token } = await tokensOf(gateway);
    const ask = async (): Promise<oauth.IntrospectionResponse> => {
      const self = { client_id: client.id };
      const secret = oauth.ClientSecretBasic(client.secret);
      const response = await oauth.introspectionRequest(server, self, secret, access_token, plainHttp);
      return oauth.processIntrospectionResponse(server, self, response);
    };
    expect(await ask()).toMatchObject({ active: true });
    await fetch(`${gateway.url}/auth/logout`, { method: 'POST', headers: bearer(access_token) });
    expect(await validate(access_token)).toMatchObject({ iss: gateway.settings.issuer });
    expect(await ask()).toEqual({ active: false });
    const refused = await fetch(`${gateway.url}/auth/session`, { headers: bearer(access_token) });
    expect(await problemOf(refused)).toEqual({ status: 401, code: 'token_revoked' });
  });
});
