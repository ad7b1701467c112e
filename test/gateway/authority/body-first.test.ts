import { describe, expect } from 'vitest';
import { usernameKey } from '../../../src/redis/keys.ts';
import { RawConnection, rawProblemOf } from '../../support/raw-http.ts';
import { type Member, staffTest } from './staff.ts';

const TIMEOUT_MS = 400;

const test = staffTest();
const slowTest = staffTest({ OWN_BODY_TIMEOUT_MS: String(TIMEOUT_MS), MAIL_TO_LOG: 'on' });

const BODY = JSON.stringify({ username: 'backdoor', role: 'super-admin' });
const JSON_TYPE = 'Content-Type: application/json';

const head = (target: string, token: string | undefined, ...lines: string[]): string =>
  [
    `POST ${target} HTTP/1.1`,
    'Host: gateway.test',
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...lines,
    '',
    '',
  ].join('\r\n');

const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** Each way to send a body after its head: what the head says of it, and its parts. */
const FRAMINGS: [name: string, headers: string[], parts: string[]][] = [
  ['with a length', [`Content-Length: ${BODY.length}`], [BODY]],
  ['byte by byte', [`Content-Length: ${BODY.length}`], [...BODY]],
  ['in chunks', ['Transfer-Encoding: chunked'], [...[...BODY].map(chunk), '0\r\n\r\n']],
];

type Revoke = [
  name: string,
  revoke: (root: Member, url: string, actor: Member) => Promise<unknown>,
  code: string,
];

const REVOCATIONS: Revoke[] = [
  [
    'a block',
    (root, url, { user }) => root.ask(url, 'POST', `/admin/users/${user.id}/block`),
    'token_revoked',
  ],
  [
    'a demotion',
    (root, url, { user }) => root.ask(url, 'PUT', `/admin/users/${user.id}/role`, { role: 'supervisor' }),
    'insufficient_scope',
  ],
  [
    'address ranges',
    (root, url, { user }) =>
      root.ask(url, 'PUT', `/admin/users/${user.id}/ranges`, { ranges: ['10.0.0.0/8'] }),
    'address_refused',
  ],
  ['logout', (_root, url, actor) => actor.ask(url, 'POST', '/auth/logout'), 'token_revoked'],
];

describe('a body that arrives after its head was received and the response to', () => {
  for (const [framing, headers, parts] of FRAMINGS)
    test.for(REVOCATIONS)(
      `%s, sent ${framing}, has no effect`,
      async ([, revoke, code], { gateway, staff }) => {
        const [mallory, root] = [await staff.add('super-admin'), await staff.add('super-admin')];
        // The interim response shows that the gateway has read the head.
        const lines = [JSON_TYPE, ...headers, 'Expect: 100-continue'];
        const connection = new RawConnection(gateway.url).send(head('/admin/users', mallory.token, ...lines));
        expect((await connection.response()).status).toBe(100);
        await revoke(root, gateway.url, mallory);
        for (const part of parts) connection.send(part);
        const response = rawProblemOf(await connection.response());
        expect(response).toEqual({ status: code === 'token_revoked' ? 401 : 403, code });
        expect(await gateway.link.run((client) => client.get(usernameKey('backdoor')))).toBeNull();
        connection.destroy();
      },
    );
});

test('a body for a route of the user themself that arrives after logout has no effect', async ({
  gateway,
  staff,
}) => {
  const bob = await staff.add('user');
  const body = JSON.stringify({ current_password: 'foobared', new_password: 'a long new password' });
  const lines = [JSON_TYPE, `Content-Length: ${body.length}`, 'Expect: 100-continue'];
  const connection = new RawConnection(gateway.url).send(head('/auth/password', bob.token, ...lines));
  expect((await connection.response()).status).toBe(100);
  expect((await bob.ask(gateway.url, 'POST', '/auth/logout')).status).toBe(204);
  const response = rawProblemOf(await connection.send(body).response());
  expect(response).toEqual({ status: 401, code: 'token_revoked' });
  connection.destroy();
});

test('a request without one credential is refused at its head, and Redis is not asked', async ({
  gateway,
}) => {
  const commands = await gateway.redis.commandsDuring(async () => {
    const request = head('/admin/users', undefined, JSON_TYPE, 'Content-Length: 9', 'Expect: 100-continue');
    const connection = new RawConnection(gateway.url).send(request);
    expect(rawProblemOf(await connection.response())).toEqual({ status: 401, code: 'credential_missing' });
    connection.destroy();
  });
  expect(commands).toEqual([]);
});

slowTest.for(['/auth/login', '/auth/refresh', '/auth/password-reset', '/auth/email/confirm', '/auth/logout'])(
  'a body for %s that is not complete within OWN_BODY_TIMEOUT_MS is a 408, and Redis is not asked',
  async (target, { gateway }) => {
    const commands = await gateway.redis.commandsDuring(async () => {
      const connection = new RawConnection(gateway.url).send(
        `${head(target, undefined, JSON_TYPE, 'Content-Length: 99')}{`,
      );
      expect(rawProblemOf(await connection.response())).toEqual({ status: 408, code: 'request_timeout' });
      await connection.untilClosed();
    });
    expect(commands).toEqual([]);
  },
);

slowTest(
  'a body for a staff route that is not complete in time is a 408 and changes nothing',
  async ({ gateway, staff }) => {
    const root = await staff.add('super-admin');
    const before = (await gateway.redis.dump()).get('usernames');
    const connection = new RawConnection(gateway.url).send(
      `${head('/admin/users', root.token, JSON_TYPE, `Content-Length: ${BODY.length}`)}${BODY.slice(1)}`,
    );
    expect(rawProblemOf(await connection.response())).toEqual({ status: 408, code: 'request_timeout' });
    expect((await gateway.redis.dump()).get('usernames')).toBe(before);
    connection.destroy();
  },
);

slowTest('a form for an OAuth route that is not complete in time is a 408', async ({ gateway }) => {
  const form = 'Content-Type: application/x-www-form-urlencoded';
  const connection = new RawConnection(gateway.url).send(
    `${head('/oauth/token', undefined, form, 'Content-Length: 99')}a`,
  );
  const response = await connection.response();
  expect(response.status).toBe(408);
  expect(JSON.parse(response.body.toString())).toMatchObject({
    error: 'invalid_request',
    code: 'request_timeout',
  });
  connection.destroy();
});
