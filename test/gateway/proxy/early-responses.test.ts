import { randomBytes } from 'node:crypto';
import { describe, expect } from 'vitest';
import { RawConnection, rawProblemOf, rawRequest } from '../../support/raw-http.ts';
import { expectRefusal, type Problem } from '../../support/refusal.ts';
import { BODY_MAX_BYTES, chunkedOf, digest, echo, MIB, TRANSFERS, test } from './echo-test.ts';

test.beforeEach(({ upstream }) => upstream.respondWith(echo));

describe('a response that comes before the request is complete', () => {
  const LINGER_MS = 1500;

  test('is received completely by a client that keeps sending', async ({ upstream, post }) => {
    const long = randomBytes(2 * MIB);
    upstream.respondWith((_incoming, outgoing) => {
      outgoing.writeHead(403);
      outgoing.end(long);
    });
    for (const body of [new Uint8Array(BODY_MAX_BYTES), chunkedOf(new Uint8Array(BODY_MAX_BYTES))]) {
      const response = await post(body);
      expect(response.status).toBe(403);
      expect(digest(await response.bytes())).toBe(digest(long));
    }
  });

  test('closes the connection if the client stops sending', async ({ upstream, open }) => {
    upstream.respondWith((_incoming, outgoing) => {
      outgoing.writeHead(403);
      outgoing.end('no');
    });
    const connections = [
      open(`POST ${TRANSFERS}`, 'Content-Length: 100000').send('12345'),
      open(`POST ${TRANSFERS}`, 'Transfer-Encoding: chunked').send(`186a0\r\n${'x'.repeat(100_000)}\r\n`),
    ];
    for (const connection of connections) expect((await connection.response()).body.toString()).toBe('no');
    for (const connection of connections) await connection.untilClosed(LINGER_MS);
  });

  test('closes the connection also if it comes from the gateway itself', async ({ gateway }) => {
    const connection = new RawConnection(gateway.url);
    connection.send(rawRequest(`POST ${TRANSFERS}`, 'Content-Length: 1000')).send('12345');
    expect(rawProblemOf(await connection.response())).toEqual({ status: 401, code: 'credential_missing' });
    await connection.untilClosed(LINGER_MS);
  });

  test.for([`POST ${TRANSFERS}`, 'GET /bank/accounts'])(
    'keeps the connection usable if the rest of the body comes: %s',
    async (requestLine, { upstream, open, token }) => {
      upstream.respondWith((_incoming, outgoing) => {
        outgoing.writeHead(403);
        outgoing.end('no');
      });
      const connection = open(requestLine, 'Content-Length: 300000').send('12345');
      await connection.response();
      upstream.respondWith((_incoming, outgoing) => outgoing.end('next'));
      connection.send(Buffer.alloc(299_995));
      connection.send(rawRequest('GET /bank/accounts', `Authorization: Bearer ${token}`));
      expect((await connection.response()).body.toString()).toBe('next');
      connection.destroy();
    },
  );
});

describe('Expect: 100-continue', () => {
  const EXPECTING = ['Expect: 100-continue', 'Content-Length: 5'];

  test.for([
    ['with a bad token', TRANSFERS, 'a.b.c', { status: 401, code: 'token_invalid' }],
    ['without permission', '/bank/vault', undefined, { status: 403, code: 'forbidden', redisCommands: 1 }],
  ] as const)(
    '%s it is refused before the body is requested, and the connection is closed',
    async ([_what, path, forged, refusal], { gateway, upstream, token }) => {
      const connection = new RawConnection(gateway.url);
      const send = async (): Promise<Problem> => {
        connection.send(rawRequest(`POST ${path}`, `Authorization: Bearer ${forged ?? token}`, ...EXPECTING));
        const response = await connection.response();
        expect(response.headers.connection).toEqual(['close']);
        return rawProblemOf(response);
      };
      await expectRefusal({ gateway, upstream }, send, refusal);
      await connection.untilClosed();
    },
  );

  test('with a valid token the body is requested and forwarded, and the expectation is not', async ({
    upstream,
    open,
  }) => {
    let expectation: unknown = 'none seen';
    upstream.respondWith((incoming, outgoing) => {
      expectation = incoming.headers.expect;
      echo(incoming, outgoing);
    });
    const connection = open(`POST ${TRANSFERS}`, ...EXPECTING);
    expect((await connection.response()).status).toBe(100);
    connection.send('12345');
    expect((await connection.response()).body.toString()).toBe('12345');
    expect(expectation).toBeUndefined();
    connection.destroy();
  });

  test('an unknown expectation is ignored', async ({ open }) => {
    const connection = open(`POST ${TRANSFERS}`, 'Expect: miracles', 'Content-Length: 5').send('12345');
    const response = await connection.response();
    expect([response.status, response.body.toString()]).toEqual([200, '12345']);
    connection.destroy();
  });
});
