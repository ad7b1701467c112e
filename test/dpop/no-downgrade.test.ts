import { describe, expect } from 'vitest';
import { type BoundRequest, type BoundSession, logInBound } from '../support/bound-session.ts';
import { DpopClient } from '../support/dpop.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { bearer, problemOf } from '../support/gateway.ts';
import { expectRefusal } from '../support/refusal.ts';

const test = gatewayTest().extend('bound', { scope: 'file' }, ({ gateway }) => logInBound(gateway));

const BINDING_WRONG = { status: 401, code: 'token_binding_wrong' };
const PROOF_INVALID = { status: 401, code: 'dpop_proof_invalid' };

/** Every kind of route that takes an access token. */
const ROUTES: [string, string][] = [
  ['GET', '/bank/accounts'],
  ['POST', '/bank/accounts/a/transfers'],
  ['GET', '/bank/accounts/a/stream'],
  ['GET', '/auth/session'],
  ['GET', '/auth/session/events'],
  ['GET', '/auth/session/data/theme'],
  ['GET', '/auth/sessions'],
  ['DELETE', '/auth/sessions?keep=current'],
  ['POST', '/auth/logout'],
  ['GET', '/admin/users'],
];

const bodyOf = (method: string): { body?: unknown } => (method === 'POST' ? { body: {} } : {});

describe.for(ROUTES)('%s %s refuses, before Redis and the upstream are asked,', ([method, path]) => {
  test('a bound token without a proof', async ({ gateway, upstream, bound }) => {
    const send = async () =>
      problemOf(await bound.request(path, { method, headers: { dpop: null }, ...bodyOf(method) }));
    await expectRefusal({ gateway, upstream }, send, BINDING_WRONG);
  });

  test('a bound token as a bearer token, with its proof', async ({ gateway, upstream, bound }) => {
    const headers = bearer(bound.tokens.access_token);
    const send = async () => problemOf(await bound.request(path, { method, headers, ...bodyOf(method) }));
    await expectRefusal({ gateway, upstream }, send, BINDING_WRONG);
  });

  test('a bound token as a bearer token alone', async ({ gateway, upstream, bound }) => {
    const headers = { ...bearer(bound.tokens.access_token), dpop: null };
    const send = async () => problemOf(await bound.request(path, { method, headers, ...bodyOf(method) }));
    await expectRefusal({ gateway, upstream }, send, BINDING_WRONG);
  });

  test('a proof of another key', async ({ gateway, upstream, bound }) => {
    const [target] = path.split('?');
    const url = gateway.settings.issuer + target;
    const dpop = new DpopClient().proof(method, url, bound.tokens.access_token);
    const send = async () =>
      problemOf(await bound.request(path, { method, headers: { dpop }, ...bodyOf(method) }));
    await expectRefusal({ gateway, upstream }, send, BINDING_WRONG);
  });

  test('a proof for another route', async ({ gateway, upstream, bound }) => {
    const headers = { dpop: bound.proof(method, '/bank/elsewhere') };
    const send = async () => problemOf(await bound.request(path, { method, headers, ...bodyOf(method) }));
    await expectRefusal({ gateway, upstream }, send, PROOF_INVALID);
  });

  test('a token that is not bound, with a proof', async ({ gateway, upstream, bound, token }) => {
    const headers = bearer(token);
    const send = async () => problemOf(await bound.request(path, { method, headers, ...bodyOf(method) }));
    await expectRefusal({ gateway, upstream }, send, BINDING_WRONG);
  });

  test('a token that is not bound, in the scheme DPoP', async ({ gateway, upstream, bound, token }) => {
    const headers = { authorization: `DPoP ${token}`, dpop: null };
    const send = async () => problemOf(await bound.request(path, { method, headers, ...bodyOf(method) }));
    await expectRefusal({ gateway, upstream }, send, BINDING_WRONG);
  });
});

describe('on a proxied request, before Redis and the upstream are asked,', () => {
  const refuses = (title: string, request: (bound: BoundSession) => BoundRequest, code: string): void =>
    test(`${title} is refused`, async ({ gateway, upstream, bound }) => {
      const send = async () => problemOf(await bound.request('/bank/accounts', request(bound)));
      await expectRefusal({ gateway, upstream }, send, { status: 401, code });
    });

  refuses(
    'a proof for another method',
    (bound) => ({
      headers: { dpop: bound.proof('POST', '/bank/accounts') },
    }),
    'dpop_proof_invalid',
  );
  refuses(
    'a proof for another access token',
    () => ({ claims: { ath: 'x'.repeat(43) } }),
    'dpop_proof_invalid',
  );
  refuses(
    'a proof for the host that the client has sent',
    ({ gateway }) => ({
      claims: { htu: `${gateway.url}/bank/accounts` },
    }),
    'dpop_proof_invalid',
  );
  refuses(
    'two proofs in one header',
    (bound) => ({
      headers: { dpop: `${bound.proof('GET', '/bank/accounts')}, ${bound.proof('GET', '/bank/accounts')}` },
    }),
    'dpop_proof_invalid',
  );
  refuses('an empty proof', () => ({ headers: { dpop: '' } }), 'dpop_proof_invalid');
  refuses(
    'the access token as a proof',
    (bound) => ({
      headers: { dpop: bound.tokens.access_token },
    }),
    'dpop_proof_invalid',
  );
  refuses(
    'a proof as an access token',
    (bound) => ({
      headers: { authorization: `DPoP ${bound.proof('GET', '/bank/accounts')}` },
    }),
    'token_invalid',
  );
});

test('the challenge of a wrong proof names the error and the algorithms (RFC 9449, section 7.1)', async ({
  bound,
}) => {
  const response = await bound.request('/bank/accounts', { claims: { htm: 'PUT' } });
  expect(response.headers.get('www-authenticate')).toBe(
    'DPoP realm="portcullis", error="invalid_dpop_proof", algs="ES256 EdDSA Ed25519 PS256"',
  );
});

test('a token that is not valid is challenged in both schemes', async ({ gateway }) => {
  const headers = { authorization: 'DPoP a.b.c' };
  const response = await fetch(`${gateway.url}/bank/accounts`, { headers });
  expect(response.headers.get('www-authenticate')).toBe(
    'Bearer realm="portcullis", error="invalid_token", DPoP realm="portcullis", error="invalid_token", algs="ES256 EdDSA Ed25519 PS256"',
  );
});

test('a request without a credential is told of both schemes', async ({ gateway }) => {
  const response = await fetch(`${gateway.url}/bank/accounts`);
  expect(response.headers.get('www-authenticate')).toBe(
    'Bearer realm="portcullis", DPoP realm="portcullis", algs="ES256 EdDSA Ed25519 PS256"',
  );
});
