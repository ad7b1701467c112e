import type { IncomingMessage, RequestListener } from 'node:http';
import { expect } from 'vitest';
import { createAssertionVerifier } from '../../../src/jwt/assertion.ts';
import { RemoteJwks } from '../../../src/keys/remote-jwks.ts';
import { ROLES, SCOPES } from '../../../src/users/roles.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { bearer } from '../../support/gateway.ts';

export const assertionIn = ({ headers }: IncomingMessage): string =>
  headers.authorization?.slice('Bearer '.length) ?? '';

const returnAssertion: RequestListener = (incoming, outgoing) => {
  outgoing.setHeader('x-assertion', assertionIn(incoming));
  incoming.resume().once('end', () => outgoing.end());
};

/** A `test` with a gateway before an upstream that returns the assertion of each request. */
export const assertionTest = gatewayTest()
  /** Sends a request for the upstream with this token, and returns the assertion that the upstream got. */
  .extend('send', ({ gateway, upstream }) => {
    upstream.respondWith(returnAssertion);
    return async (token: string, path: string, init?: RequestInit): Promise<string> => {
      const response = await fetch(`${gateway.url}/bank${path}`, { ...init, headers: bearer(token) });
      expect(response.status).toBe(200);
      const assertion = response.headers.get('x-assertion') ?? '';
      expect(assertion).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
      return assertion;
    };
  })
  .extend(
    'assertionFor',
    ({ send }) =>
      (token: string): Promise<string> =>
        send(token, '/accounts'),
  )
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
