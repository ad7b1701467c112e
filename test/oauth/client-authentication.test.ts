import { createHash } from 'node:crypto';
import { pino } from 'pino';
import { describe, expect } from 'vitest';
import { type NewClient, removeClient } from '../../src/clients/clients.ts';
import { bearer, problemOf } from '../support/gateway.ts';
import { resetRateLimits } from '../support/rate-limits.ts';
import { RawConnection } from '../support/raw-http.ts';
import {
  auditRecords,
  basic,
  introspected,
  oauthTest,
  postForm,
  register,
  startOauthGateway,
  tokensOf,
} from './oauth-gateway.ts';

const FAILURES_PER_CLIENT = 4;

const logged: string[] = [];

const test = oauthTest(
  {
    LOGIN_FAILURES_PER_USERNAME: String(FAILURES_PER_CLIENT),
    LOGIN_FAILURES_PER_ADDRESS: '1000',
    TRUSTED_PROXIES: '127.0.0.0/8',
  },
  { log: pino({ level: 'debug' }, { write: (line) => logged.push(line) }) },
)
  .extend('token', { scope: 'file' }, async ({ gateway }) => (await tokensOf(gateway)).access_token)
  .extend(
    'revoke',
    ({ gateway, token }) =>
      (form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> =>
        postForm(`${gateway.url}/oauth/revoke`, { token, ...form }, headers),
  )
  .extend(
    'tokenIsActive',
    ({ gateway, token }) =>
      async (): Promise<boolean> =>
        (await fetch(`${gateway.url}/auth/session`, { headers: bearer(token) })).status === 200,
  )
  .extend(
    'fail',
    ({ revoke }) =>
      (id: string, address: string): Promise<Response> =>
        revoke({}, { ...basic(id, WRONG_SECRET), 'x-forwarded-for': address }),
  );

test.beforeEach(({ gateway }) => resetRateLimits(gateway.link));

const UNKNOWN_ID = '0'.repeat(32);
const WRONG_SECRET = 'A'.repeat(43);

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url');
const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
const rightBasic = ({ id, secret }: NewClient): string => basic(id, secret).authorization ?? '';
/** The next letter, which differs only in the unused bits. */
const spare = (end: string): string => `${String.fromCharCode(end.charCodeAt(0) + 1)}==`;

interface Attempt {
  form?: Record<string, string>;
  headers?: Record<string, string>;
}
const inForm = (client_id: string, client_secret: string): Attempt => ({
  form: { client_id, client_secret },
});
const inHeader = (authorization: string): Attempt => ({ headers: { authorization } });

describe('a client that fails to authenticate gets a 401 with a challenge and changes nothing', () => {
  test.for<[what: string, attempt: (client: NewClient, token: string) => Attempt]>([
    ['no credential at all', () => ({})],
    ['an id alone', (client) => ({ form: { client_id: client.id } })],
    ['a secret alone', (client) => ({ form: { client_secret: client.secret } })],
    ['a wrong secret in the header', (client) => ({ headers: basic(client.id, WRONG_SECRET) })],
    ['a wrong secret in the form', (client) => inForm(client.id, WRONG_SECRET)],
    ['an unknown id', (client) => ({ headers: basic(UNKNOWN_ID, client.secret) })],
    ['an invalid id', (client) => inForm('__proto__', client.secret)],
    ['an invalid secret', (client) => inForm(client.id, 'secret')],
    ['its own id as the secret', (client) => inForm(client.id, client.id)],
    ['the id in capitals', (client) => inForm(client.id.toUpperCase(), client.secret)],
    ['the secret with another character appended', (client) => inForm(client.id, `${client.secret}A`)],
    ['the hash of the secret, as Redis has it', (client) => inForm(client.id, hashOf(client.secret))],
    ['a bearer token', (_client, token) => ({ headers: bearer(token) })],
    ['another scheme', (client) => inHeader(`Digest ${base64(`${client.id}:${client.secret}`)}`)],
    ['invalid base64', () => inHeader('Basic ?')],
    ['the right base64 without its padding', (client) => inHeader(rightBasic(client).replace(/=+$/, ''))],
    [
      'the right base64 with spare bits set',
      (client) => inHeader(rightBasic(client).replace(/.==$/, (end) => spare(end))),
    ],
    ['no colon', (client) => inHeader(`Basic ${base64(client.id)}`)],
    ['a broken percent-encoding', (client) => inHeader(`Basic ${base64(`${client.id}:%ZZ`)}`)],
    ['invalid UTF-8', (client) => inHeader(`Basic ${base64(`${client.id}:%FF`)}`)],
    ['an assertion, which is not supported', (_client, token) => ({ form: { client_assertion: token } })],
  ])('%s', async ([_what, attempt], { client, token, revoke, tokenIsActive }) => {
    const { form, headers } = attempt(client, token);
    const response = await revoke(form ?? {}, headers);
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="portcullis"');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({
      error: 'invalid_client',
      type: 'urn:portcullis:problem:client_invalid',
      title: 'The client is unknown or could not be authenticated.',
      status: 401,
      code: 'client_invalid',
      request_id: expect.any(String),
    });
    expect(response.status).toBe(401);
    expect(await tokenIsActive()).toBe(true);
  });
});

describe('a client that authenticates in two ways is refused, even if both are correct', () => {
  test.for<[what: string, attempt: (client: NewClient, token: string) => Attempt]>([
    [
      'header and form',
      (client) => ({ ...inForm(client.id, client.secret), headers: basic(client.id, client.secret) }),
    ],
    [
      'header and another id in the form',
      (client) => ({ form: { client_id: UNKNOWN_ID }, headers: basic(client.id, client.secret) }),
    ],
    [
      'header and an assertion',
      (client, token) => ({ form: { client_assertion: token }, headers: basic(client.id, client.secret) }),
    ],
    [
      'a secret and an assertion',
      (client, token) => ({
        form: { client_id: client.id, client_secret: client.secret, client_assertion: token },
      }),
    ],
  ])('%s', async ([_what, attempt], { client, token, revoke, tokenIsActive }) => {
    const { form, headers } = attempt(client, token);
    const response = await revoke(form ?? {}, headers);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: 'invalid_request',
      code: 'client_credential_twice',
    });
    expect(await tokenIsActive()).toBe(true);
  });

  test('two headers', async ({ client, token, gateway, tokenIsActive }) => {
    const { authorization } = basic(client.id, client.secret);
    const body = `token=${token}`;
    const lines = [
      'POST /oauth/revoke HTTP/1.1',
      'Host: gate',
      `Authorization: ${authorization}`,
      `Authorization: ${authorization}`,
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${body.length}`,
    ];
    const connection = new RawConnection(gateway.url).send(`${lines.join('\r\n')}\r\n\r\n${body}`);
    const response = await connection.response();
    connection.destroy();
    expect(response.status).toBe(400);
    expect(JSON.parse(response.body.toString())).toMatchObject({ code: 'client_credential_twice' });
    expect(await tokenIsActive()).toBe(true);
  });
});

test('credentials and all other parameters in the URL are refused', async ({ client, gateway, token }) => {
  for (const query of [`?client_id=${client.id}&client_secret=${client.secret}`, '?a']) {
    const response = await postForm(`${gateway.url}/oauth/introspect${query}`, { token });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_request', code: 'query_invalid' });
  }
});

describe('the right secret is accepted', () => {
  const everyByteEncoded = (text: string): string =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

  test.for<[what: string, attempt: (client: NewClient, token: string) => Attempt]>([
    ['in the header as it is', (client) => ({ headers: basic(client.id, client.secret) })],
    [
      'in the header with every byte percent-encoded',
      (client) => ({ headers: basic(everyByteEncoded(client.id), everyByteEncoded(client.secret)) }),
    ],
    [
      'in the header, with the same id in the form',
      (client) => ({ form: { client_id: client.id }, headers: basic(client.id, client.secret) }),
    ],
    ['in the form', (client) => inForm(client.id, client.secret)],
  ])('%s', async ([_what, attempt], { client, token, gateway }) => {
    const { form, headers } = attempt(client, token);
    const response = await postForm(`${gateway.url}/oauth/introspect`, { token, ...form }, headers);
    expect(await response.json()).toMatchObject({ active: true });
  });
});

test('a removed client is refused on its next request', async ({ gateway, token, revoke }) => {
  const leaving = await register(gateway);
  expect(await introspected(gateway, leaving, token)).toMatchObject({ active: true });
  await removeClient(gateway.link, leaving.id);
  const response = await revoke({}, basic(leaving.id, leaving.secret));
  expect(await problemOf(response)).toEqual({ status: 401, code: 'client_invalid' });
});

test('an unknown client and a wrong secret take the same Redis commands and get the same response', async ({
  gateway,
  revoke,
  client,
}) => {
  const costOf = async (id: string): Promise<[string[], object]> => {
    let response = {};
    const commands = await gateway.redis.commandsDuring(async () => {
      response = (await (await revoke({}, basic(id, WRONG_SECRET))).json()) as object;
    });
    return [commands, { ...response, request_id: '' }];
  };
  await costOf(UNKNOWN_ID.replace('0', '1'));
  expect(await costOf(UNKNOWN_ID)).toEqual(await costOf(client.id));
});

test('a request without a credential is refused without a Redis command', async ({
  gateway,
  revoke,
  token,
}) => {
  const commands = await gateway.redis.commandsDuring(async () => {
    expect((await revoke({})).status).toBe(401);
    expect((await revoke({}, bearer(token))).status).toBe(401);
  });
  expect(commands).toEqual([]);
});

describe('failures are limited', () => {
  test('for each client: further ones are a 429 without an audit record, and the right secret is still accepted', async ({
    gateway,
    fail,
    client,
    token,
  }) => {
    const before = (await auditRecords(gateway)).length;
    for (let i = 0; i < FAILURES_PER_CLIENT; i += 1)
      expect((await fail(client.id, `198.51.100.${i}`)).status).toBe(401);
    const throttled = await fail(client.id, '198.51.100.99');
    expect(throttled.status).toBe(429);
    expect(Number(throttled.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await throttled.json()).toMatchObject({ code: 'client_throttled' });
    const records = (await auditRecords(gateway)).slice(before);
    expect(records.length).toBe(FAILURES_PER_CLIENT);
    expect(records[0]).toMatchObject({
      action: 'client_auth',
      result: 'refused',
      subject: client.id,
      address: '198.51.100.0',
    });
    expect(await introspected(gateway, client, token)).toMatchObject({ active: true });
  });

  test('for each address across client ids, and another address is not affected', async ({ token }) => {
    const narrow = await startOauthGateway({
      LOGIN_FAILURES_PER_ADDRESS: '3',
      TRUSTED_PROXIES: '127.0.0.0/8',
    });
    try {
      const tryAs = async (i: number, address: string): Promise<number> => {
        const headers = { ...basic(String(i).padStart(32, '0'), WRONG_SECRET), 'x-forwarded-for': address };
        return (await postForm(`${narrow.url}/oauth/revoke`, { token }, headers)).status;
      };
      const statuses: number[] = [];
      for (let i = 0; i < 5; i += 1) statuses.push(await tryAs(i, '198.51.100.1'));
      expect(statuses).toEqual([401, 401, 401, 429, 429]);
      expect(await tryAs(9, '198.51.100.2')).toBe(401);
      expect((await auditRecords(narrow)).length).toBe(4);
    } finally {
      await narrow.close();
    }
  });
});

test('neither Redis nor the log contains the secret, a wrong secret or a token', async ({
  revoke,
  client,
  gateway,
  token,
}) => {
  const tried = `B${WRONG_SECRET.slice(1)}`;
  await revoke({}, basic(client.id, tried));
  await revoke({ client_id: client.id, client_secret: tried });
  await introspected(gateway, client, token);
  const dump = JSON.stringify([...(await gateway.redis.dump())]);
  for (const kept of [dump, logged.join('\n')]) {
    expect(kept).toContain(client.id);
    for (const secret of [client.secret, tried, token]) expect(kept).not.toContain(secret);
  }
});
