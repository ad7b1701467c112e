import { decodeProtectedHeader } from 'jose';
import * as openid from 'openid-client';
import { expect } from 'vitest';
import { problemOf } from '../support/gateway.ts';
import { oauthTest, startOauthGateway } from './oauth-gateway.ts';

const PLACE = '/.well-known/oauth-authorization-server';

const test = oauthTest();

test('the metadata lists exactly what the gateway supports', async ({ gateway }) => {
  const response = await fetch(gateway.url + PLACE);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^application\/json\b/);
  const { issuer } = gateway.settings;
  expect(await response.json()).toEqual({
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    token_endpoint: `${issuer}/oauth/token`,
    token_endpoint_auth_methods_supported: ['none'],
    grant_types_supported: ['refresh_token'],
    response_types_supported: [],
    scopes_supported: [
      'session:own',
      'accounts:read',
      'transfers:write',
      'accounts:read-any',
      'users:manage',
      'sessions:manage',
      'audit:read',
      'roles:manage',
    ],
    revocation_endpoint: `${issuer}/oauth/revoke`,
    revocation_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    introspection_endpoint: `${issuer}/oauth/introspect`,
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    tls_client_certificate_bound_access_tokens: false,
    dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519', 'PS256'],
  });
});

test('every URL in the metadata responds, and the key set contains the signing keys', async ({ gateway }) => {
  const document = (await (await fetch(gateway.url + PLACE)).json()) as Record<string, string>;
  for (const endpoint of ['token_endpoint', 'revocation_endpoint', 'introspection_endpoint']) {
    const response = await fetch(document[endpoint] ?? '', { method: 'POST' });
    expect(await problemOf(response)).toEqual({ status: 415, code: 'media_type_unsupported' });
  }
  const { keys } = (await (await fetch(document.jwks_uri ?? '')).json()) as { keys: { kid: string }[] };
  const { kid } = decodeProtectedHeader(await gateway.login());
  expect(keys.map((key) => key.kid)).toContain(kid);
});

test('the metadata offers tokens that are bound to certificates if the gateway reads certificates', async () => {
  const certified = await startOauthGateway({ CLIENT_CERT_HEADER: 'rfc9440', TRUSTED_PROXIES: '192.0.2.1' });
  try {
    const response = await fetch(certified.url + PLACE);
    expect(await response.json()).toMatchObject({ tls_client_certificate_bound_access_tokens: true });
  } finally {
    await certified.close();
  }
});

test('the metadata of an issuer with a path is between its host and its path, and nowhere else', async ({
  gateway,
}) => {
  const { url } = gateway;
  const tenant = await startOauthGateway({ ISSUER: `${url}/tenants/a` });
  try {
    const response = await fetch(`${tenant.url}${PLACE}/tenants/a`);
    expect(await response.json()).toMatchObject({
      issuer: `${url}/tenants/a`,
      revocation_endpoint: `${url}/tenants/a/oauth/revoke`,
    });
    for (const path of ['', '/', '/tenants', '/tenants/a/', '/tenants/a/b'])
      expect(await problemOf(await fetch(tenant.url + PLACE + path))).toEqual({
        status: 404,
        code: 'not_found',
      });
    const config = await openid.discovery(new URL(`${url}/tenants/a`), 'any', undefined, openid.None(), {
      algorithm: 'oauth2',
      execute: [openid.allowInsecureRequests],
      [openid.customFetch]: (address, options) =>
        fetch(tenant.url + new URL(address).pathname, options as RequestInit),
    });
    expect(config.serverMetadata().issuer).toBe(`${url}/tenants/a`);
  } finally {
    await tenant.close();
  }
  expect(await problemOf(await fetch(`${url}${PLACE}/tenants/a`))).toEqual({
    status: 404,
    code: 'not_found',
  });
});
