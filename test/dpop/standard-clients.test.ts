import * as dpop from 'dpop';
import { decodeJwt } from 'jose';
import * as oauth from 'oauth4webapi';
import { test as base, describe, expect } from 'vitest';
import { startOauthGateway } from '../oauth/oauth-gateway.ts';
import type { TestGateway } from '../support/gateway.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { type ClientName, startClient } from './independent-clients.ts';

const CLIENTS: readonly ClientName[] = ['dpop', 'oauth4webapi'];
const PROXIED = '/bank/accounts?limit=1';

const test = base
  .extend('upstream', { scope: 'file' }, async ({}, { onCleanup }): Promise<Upstream> => {
    const upstream = await startUpstream();
    onCleanup(() => upstream.close());
    return upstream;
  })
  .extend('gateway', { scope: 'file' }, async ({ upstream }, { onCleanup }): Promise<TestGateway> => {
    const gateway = await startOauthGateway({ BANK_URL: upstream.url });
    onCleanup(() => gateway.close());
    return gateway;
  })
  .extend('strictGateway', { scope: 'file' }, async ({ upstream }, { onCleanup }): Promise<TestGateway> => {
    const strict = { DPOP_NONCES: 'required', DPOP_NONCE_LIFETIME_SECONDS: '60' };
    const gateway = await startOauthGateway({ BANK_URL: upstream.url, ...strict });
    onCleanup(() => gateway.close());
    return gateway;
  });

/** Logs in, sends a request that is proxied, and refreshes. Returns the client and the tokens of the refresh. */
async function useGateway(name: ClientName, { settings: { issuer } }: TestGateway, upstream: Upstream) {
  const client = await startClient(name, issuer);
  const tokens = await client.logIn();
  expect(decodeJwt(tokens.access_token).cnf).toEqual({ jkt: await client.thumbprint() });
  const before = upstream.count;
  expect(await client.get(PROXIED, tokens)).toBe(200);
  expect(upstream.count).toBe(before + 1);
  const next = await client.refresh(tokens);
  expect(next.token_type).toBe('dpop');
  expect(next.access_token).not.toBe(tokens.access_token);
  expect(await client.get(PROXIED, next)).toBe(200);
  return { client, tokens: next };
}

const HOUR_MS = 3_600_000;

describe.each(CLIENTS)('%s', (name) => {
  test('logs in, uses its token on a proxied route and refreshes it', async ({ gateway, upstream }) => {
    const { client } = await useGateway(name, gateway, upstream);
    expect(client.nonceDemands).toBe(0);
  });

  test('gets a nonce by the first refusal and needs no other, if the gateway requires nonces', async ({
    strictGateway,
    upstream,
  }) => {
    const { client } = await useGateway(name, strictGateway, upstream);
    expect(client.nonceDemands).toBe(1);
  });

  test('learns each new nonce from a response, so that no request is refused for an old one', async ({
    strictGateway,
    upstream,
  }) => {
    const { client, tokens } = await useGateway(name, strictGateway, upstream);
    const lifetimeMs = strictGateway.settings.dpopNonceLifetimeSeconds * 1000;
    try {
      for (let change = 0; change < 3; change += 1) {
        strictGateway.advanceClock(lifetimeMs);
        expect(await client.get(PROXIED, tokens)).toBe(200);
      }
      expect(client.nonceDemands).toBe(1);
    } finally {
      strictGateway.advanceClock(-3 * lifetimeMs);
    }
  });

  test('recovers from a clock that is three hours slow by one nonce', async ({ gateway, upstream }) => {
    gateway.advanceClock(3 * HOUR_MS);
    try {
      const { client } = await useGateway(name, gateway, upstream);
      expect(client.nonceDemands).toBe(1);
    } finally {
      gateway.advanceClock(-3 * HOUR_MS);
    }
  });
});

test('a service with oauth4webapi accepts a bound token only with its proof', async ({ gateway }) => {
  const { issuer } = gateway.settings;
  const keys = await dpop.generateKeyPair('ES256');
  const { access_token } = await (await startClient('dpop', issuer, keys)).logIn();
  const url = 'http://api.example/accounts';
  const validate = (headers: Record<string, string>): Promise<oauth.JWTAccessTokenClaims> => {
    const request = new Request(url, { headers: { authorization: `DPoP ${access_token}`, ...headers } });
    const server = { issuer, jwks_uri: `${issuer}/.well-known/jwks.json` };
    const options = { signingAlgorithms: ['PS256', 'ES256'], [oauth.allowInsecureRequests]: true };
    return oauth.validateJwtAccessToken(server, request, 'portcullis-api', options);
  };
  const proof = await dpop.generateProof(keys, url, 'GET', undefined, access_token);
  const jkt = await dpop.calculateThumbprint(keys.publicKey);
  expect(await validate({ dpop: proof })).toMatchObject({ cnf: { jkt } });
  await expect(validate({})).rejects.toThrow(oauth.OperationProcessingError);
});
