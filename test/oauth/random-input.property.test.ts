import fc from 'fast-check';
import { expect } from 'vitest';
import { parseForm } from '../../src/gateway/routes/oauth/form.ts';
import { OAUTH_ERRORS } from '../../src/gateway/routes/oauth/refuse.ts';
import { bearer } from '../support/gateway.ts';
import { oauthTest, tokensOf } from './oauth-gateway.ts';

const NAMES = ['token', 'token_type_hint', 'client_id', 'client_secret', 'client_assertion', 'grant_type'];

const name = fc.oneof(fc.constantFrom(...NAMES, 'refresh_token', 'scope'), fc.string({ unit: 'binary' }));
const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '%', 'refresh_token', '\0'));

const test = oauthTest().extend(
  'token',
  { scope: 'file' },
  async ({ gateway }) => (await tokensOf(gateway)).access_token,
);

test('a form round-trips, without its empty parameters', () => {
  fc.assert(
    fc.property(fc.dictionary(name, value), (parameters) => {
      const written = Object.entries(parameters).map(
        ([key, text]) => `${encodeURIComponent(key)}=${encodeURIComponent(text)}`,
      );
      const kept = Object.fromEntries(Object.entries(parameters).filter(([, text]) => text !== ''));
      expect(parseForm(written.join('&'))).toEqual({ form: kept });
    }),
  );
});

test('any text parses to a form or to a fault with a field and a message', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...'a=&%2+')).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(text, (given) => {
      const read = parseForm(given);
      if ('fault' in read)
        expect(read.fault).toEqual({ field: expect.any(String), message: expect.any(String) });
      else expect(Object.values(read.form)).not.toContain('');
    }),
  );
});

const bytesInBase64 = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('base64'));
/** The characters that a header value can have (RFC 9110, section 5.5). */
const headerText = fc
  .array(fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f))
  .map((codes) => String.fromCharCode(...codes));

const rubbish = fc.record({
  route: fc.constantFrom('revoke', 'introspect', 'token'),
  authorization: fc.oneof(
    fc.constant(undefined),
    headerText,
    bytesInBase64.map((text) => `Basic ${text}`),
    fc.tuple(value, value).map((pair) => `Basic ${Buffer.from(pair.join(':')).toString('base64')}`),
  ),
  type: fc.oneof(
    { weight: 6, arbitrary: fc.constant('application/x-www-form-urlencoded') },
    { weight: 1, arbitrary: headerText },
  ),
  body: fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.array(fc.tuple(name, value)).map((pairs) => Buffer.from(new URLSearchParams(pairs).toString())),
  ),
});

test('any input gets a standard OAuth error, never a 500, and authenticates no client', async ({
  gateway,
  token,
}) => {
  const codes = new Set<string>(Object.values(OAUTH_ERRORS));
  await fc.assert(
    fc.asyncProperty(rubbish, async ({ route, authorization, type, body }) => {
      const response = await fetch(`${gateway.url}/oauth/${route}`, {
        method: 'POST',
        headers: { 'content-type': type, ...(authorization !== undefined && { authorization }) },
        body: new Uint8Array(body),
      });
      const problem = (await response.json()) as Record<string, unknown>;
      expect([400, 401, 415, 429]).toContain(response.status);
      expect(problem).toMatchObject({ status: response.status, code: expect.any(String) });
      expect(codes).toContain(problem.error);
    }),
    { numRuns: 400 },
  );
  expect((await fetch(`${gateway.url}/auth/session`, { headers: bearer(token) })).status).toBe(200);
});

test('random input from a genuine client is never an active token', async ({ gateway, client }) => {
  await fc.assert(
    fc.asyncProperty(
      value.filter((text) => text !== ''),
      async (text) => {
        const ask = (route: string): Promise<Response> =>
          fetch(`${gateway.url}/oauth/${route}`, {
            method: 'POST',
            body: new URLSearchParams({ client_id: client.id, client_secret: client.secret, token: text }),
          });
        expect(await (await ask('introspect')).json()).toEqual({ active: false });
        expect((await ask('revoke')).status).toBe(200);
      },
    ),
    { numRuns: 60 },
  );
});
