import { describe, expect } from 'vitest';
import { parseForm } from '../../src/gateway/routes/oauth/form.ts';
import { basic, introspected, oauthTest, postForm, tokensOf } from './oauth-gateway.ts';

const ROUTES = ['revoke', 'introspect', 'token'] as const;
const FORM = 'application/x-www-form-urlencoded';

const test = oauthTest()
  .extend('token', { scope: 'file' }, async ({ gateway }) => (await tokensOf(gateway)).access_token)
  .extend(
    'send',
    ({ gateway, client }) =>
      (route: string, body: string, type: string | undefined = FORM): Promise<Response> =>
        fetch(`${gateway.url}/oauth/${route}`, {
          method: 'POST',
          headers: { ...basic(client.id, client.secret), 'content-type': type },
          body: Buffer.from(body, 'latin1'),
        }),
  );

describe.each(ROUTES)('/oauth/%s', (route) => {
  test.for<[what: string, body: string, field: string, message: string]>([
    ['a parameter twice', `token=a&token=${'b'}`, 'token', 'must be given once'],
    ['a parameter twice, once without a value', 'token=&token=a', 'token', 'must be given once'],
    ['an unknown parameter twice', 'token=a&x=1&x=1', 'x', 'must be given once'],
    ['a parameter twice in two encodings', 'token=a&%74oken=a', 'token', 'must be given once'],
    ['a broken percent-encoding', 'token=%2', 'token', 'must be percent-encoded UTF-8'],
    ['invalid UTF-8', 'token=%ff', 'token', 'must be percent-encoded UTF-8'],
    ['a name with a broken encoding', '%=a', '', 'must be percent-encoded UTF-8'],
    ['raw bytes outside ASCII', 'token=\xe9', '', 'must be an encoded form'],
    ['a line break', 'token=a\r\n', '', 'must be an encoded form'],
    ['JSON', '{"token": "a"}', '', 'must be an encoded form'],
  ])('%s is refused with the field and the reason', async ([_what, body, field, message], { send }) => {
    const response = await send(route, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: 'invalid_request',
      code: 'body_invalid',
      errors: [{ field, message }],
    });
  });

  test.for(['application/json', 'text/plain', 'multipart/form-data; boundary=x', `${FORM}; charset=latin1`])(
    'a body of type %s is refused',
    async (type, { send, token }) => {
      const response = await send(route, `token=${token}`, type);
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({
        error: 'invalid_request',
        code: 'media_type_unsupported',
      });
    },
  );

  test('a body over the limit is refused, whether its length is declared or not', async ({
    gateway,
    client,
    send,
  }) => {
    const body = `token=${'a'.repeat(gateway.settings.authBodyMaxBytes)}`;
    const stream = new Blob([body]).stream();
    const headers = { ...basic(client.id, client.secret), 'content-type': FORM };
    const responses = [
      await send(route, body),
      await fetch(`${gateway.url}/oauth/${route}`, {
        method: 'POST',
        headers,
        body: stream,
        duplex: 'half',
      }),
    ];
    for (const response of responses) {
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({ error: 'invalid_request', code: 'body_too_large' });
    }
  });

  test('only POST is supported', async ({ gateway }) => {
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect((await fetch(`${gateway.url}/oauth/${route}`, { method })).status).toBe(404);
  });
});

describe('a missing token', () => {
  test.for<[what: string, body: string]>([
    ['a parameter that is omitted', ''],
    ['a parameter without a value', 'token='],
    ['a parameter with another name', 'tokens=a'],
  ])('%s is reported by its name', async ([_what, body], { send }) => {
    for (const route of ['revoke', 'introspect']) {
      const response = await send(route, body);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        error: 'invalid_request',
        errors: [{ field: 'token', message: expect.any(String) }],
      });
    }
  });
});

test('unknown parameters are ignored, whatever their names', async ({ gateway, client, token }) => {
  for (const name of ['resource', '__proto__', 'constructor', ' '])
    expect(await introspected(gateway, client, token, { [name]: 'x' })).toMatchObject({ active: true });
});

test.for<[string, Record<string, string>, Record<string, string>, number, string]>([
  ['another grant', { grant_type: 'password' }, {}, 400, 'unsupported_grant_type'],
  ['no grant', { grant_type: '' }, {}, 400, 'invalid_request'],
  ['a scope', { scope: 'users:manage' }, {}, 400, 'invalid_scope'],
  ['an unknown client', { client_id: 'somebody' }, {}, 401, 'invalid_client'],
  ['no client', { client_id: '' }, {}, 400, 'invalid_request'],
  ['a secret', { client_secret: 'x' }, {}, 401, 'invalid_client'],
  ['a credential', {}, { authorization: 'Basic eDp5' }, 401, 'invalid_client'],
  ['a refresh token that is none', { refresh_token: 'v1.x' }, {}, 400, 'invalid_grant'],
  ['an access token', { refresh_token: 'ACCESS' }, {}, 400, 'invalid_request'],
])(
  'a refresh with %s is refused and the session continues unchanged',
  async ([_what, form, headers, status, error], { gateway, client }) => {
    const tokens = await tokensOf(gateway, 'alice');
    const right = {
      grant_type: 'refresh_token',
      client_id: 'portcullis-web',
      refresh_token: tokens.refresh_token,
    };
    const wrong = form.refresh_token === 'ACCESS' ? { refresh_token: tokens.access_token } : form;
    const response = await postForm(`${gateway.url}/oauth/token`, { ...right, ...wrong }, headers);
    expect(await response.json()).toMatchObject({ error, status });
    expect(response.status).toBe(status);
    expect(await introspected(gateway, client, tokens.refresh_token)).toMatchObject({ active: true });
  },
);

test.each([
  ['', {}],
  ['&&', {}],
  ['a', {}],
  ['a=b=c&d=+%2B', { a: 'b=c', d: ' +' }],
  ['=x', { '': 'x' }],
  ['n=%E2%82%AC', { n: '€' }],
])('the form %j is parsed as %j', (text, form) => {
  expect(parseForm(text)).toEqual({ form });
});
