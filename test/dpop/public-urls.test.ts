import { expect } from 'vitest';
import { logInBound, sendBoundLogin } from '../support/bound-session.ts';
import { DpopClient } from '../support/dpop.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { problemOf } from '../support/gateway.ts';

const test = gatewayTest({
  ISSUER: 'https://bank.example',
  PUBLIC_URLS: 'https://api.bank.example/v1, http://gateway.internal:8080',
});
const pathTest = gatewayTest({ ISSUER: 'https://bank.example/gateway' });
const oddTest = gatewayTest({ ISSUER: 'https://Bank.example:443' });

test.for([
  ['a public URL with a path', 'https://api.bank.example/v1'],
  ['a public URL with a port', 'http://gateway.internal:8080'],
  ['the origin of the issuer, where the web app is', 'https://bank.example'],
] as const)('proofs for %s are accepted', async ([, issuer], { gateway }) => {
  const bound = await logInBound({ url: gateway.url, settings: { issuer } });
  expect((await bound.request('/auth/session')).status).toBe(200);
});

test.for([
  'https://api.bank.example',
  'https://API.bank.example/v1',
  'https://api.bank.example:443/v1',
  'https://bank.example/v1',
  'http://gateway.internal',
])('a proof for %s, which is no public URL, is a 401 dpop_proof_invalid', async (issuer, { gateway }) => {
  const response = await sendBoundLogin({ url: gateway.url, settings: { issuer } }, new DpopClient());
  expect(await problemOf(response)).toEqual({ status: 401, code: 'dpop_proof_invalid' });
});

oddTest.for(['https://Bank.example:443', 'https://bank.example'])(
  'if the issuer is not written as browsers write it, proofs for %s are accepted',
  async (issuer, { gateway }) => {
    const bound = await logInBound({ url: gateway.url, settings: { issuer } });
    expect((await bound.request('/auth/session')).status).toBe(200);
  },
);

pathTest(
  'if the issuer has a path, a proof for its origin alone is a 401 dpop_proof_invalid',
  async ({ gateway }) => {
    const response = await sendBoundLogin(
      { url: gateway.url, settings: { issuer: 'https://bank.example' } },
      new DpopClient(),
    );
    expect(await problemOf(response)).toEqual({ status: 401, code: 'dpop_proof_invalid' });
    expect((await logInBound(gateway)).tokens).toMatchObject({ token_type: 'DPoP' });
  },
);
