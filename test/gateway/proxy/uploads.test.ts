import { describe, expect } from 'vitest';
import { sessionKey } from '../../../src/redis/keys.ts';
import { gatewayTest, type LoggedInUser, logInAs } from '../../support/fixtures.ts';
import { RawConnection, rawProblemOf, rawRequest } from '../../support/raw-http.ts';
import { until } from '../../support/until.ts';
import { TRANSFERS } from './echo-test.ts';

const BYTES = 200_000;

/** What the upstream has seen of an upload. */
interface Seen {
  bytes: number;
  isComplete: boolean;
  isClosed: boolean;
}

const FRAMINGS = [
  [`Content-Length: ${BYTES}`, (text: string) => text, ''],
  ['Transfer-Encoding: chunked', (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`, '0\r\n\r\n'],
] as const;

const test = gatewayTest()
  .extend('seen', ({ upstream }): Seen => {
    const seen = { bytes: 0, isComplete: false, isClosed: false };
    upstream.respondWith((incoming, outgoing) => {
      incoming.on('error', () => {});
      incoming.on('data', (chunk: Buffer) => {
        seen.bytes += chunk.length;
      });
      incoming.on('end', () => {
        seen.isComplete = true;
        outgoing.end('{}');
      });
      outgoing.on('close', () => {
        seen.isClosed = true;
      });
    });
    return seen;
  })
  .extend(
    'upload',
    ({ gateway }) =>
      ({ token }: LoggedInUser, framing: string, begin: string): RawConnection =>
        new RawConnection(gateway.url).send(
          rawRequest(`POST ${TRANSFERS}`, `Authorization: Bearer ${token}`, framing) + begin,
        ),
  )
  .extend('bob', ({ gateway }) => logInAs(gateway, 'bob'));

describe.for(FRAMINGS)('an upload with %s', ([framing, encode, end]) => {
  test('whose end has come reaches the upstream completely', async ({ seen, upload, bob }) => {
    const connection = upload(bob, framing, encode('x'.repeat(BYTES)) + end);
    expect((await connection.response()).status).toBe(200);
    expect(seen).toMatchObject({ bytes: BYTES, isComplete: true });
    connection.destroy();
  });

  test('is ended by a logout: its client gets a 401, and the upstream request is aborted', async ({
    seen,
    upload,
    bob,
  }) => {
    const connection = upload(bob, framing, encode('x'.repeat(BYTES - 1)));
    await until(() => seen.bytes > 0);
    await bob.logOut();
    expect(rawProblemOf(await connection.response())).toEqual({ status: 401, code: 'token_revoked' });
    await until(() => seen.isClosed);
    expect(seen.isComplete).toBe(false);
    connection.destroy();
  });

  test('of a session whose revocation was not announced is judged at its end: its client gets a 401, and the upstream request is aborted', async ({
    gateway,
    seen,
    upload,
    bob,
  }) => {
    const connection = upload(bob, framing, encode('x'.repeat(BYTES - 1)));
    await until(() => seen.bytes > 0);
    const { sub, sid } = bob.claims;
    expect(await gateway.link.run((client) => client.del(sessionKey(sub, sid)))).toBe(1);
    connection.send(encode('x') + end);
    expect(rawProblemOf(await connection.response())).toEqual({ status: 401, code: 'token_revoked' });
    await until(() => seen.isClosed);
    expect(seen.isComplete).toBe(false);
    connection.destroy();
  });

  test('continues during a Redis outage, but its end is a 503 and is kept from the upstream', async ({
    gateway,
    seen,
    upload,
    bob,
  }) => {
    const connection = upload(bob, framing, encode('x'.repeat(100_000)));
    await until(() => seen.bytes > 50_000);
    gateway.redis.freeze();
    try {
      const before = seen.bytes;
      connection.send(encode('x'.repeat(50_000)));
      await until(() => seen.bytes >= before + 50_000);
      connection.send(encode('x'.repeat(50_000)) + end);
      const problem = rawProblemOf(await connection.response());
      expect(problem).toEqual({ status: 503, code: 'service_unavailable' });
      await until(() => seen.isClosed);
      expect(seen.isComplete).toBe(false);
    } finally {
      gateway.redis.thaw();
      await until(async () => (await fetch(`${gateway.url}/readyz`)).ok);
    }
    connection.destroy();
  });

  test('whose response has begun is cut off by a logout', async ({ upstream, upload, bob }) => {
    upstream.respondWith((incoming, outgoing) => {
      incoming.on('error', () => {}).resume();
      outgoing.write('begun');
    });
    const connection = upload(bob, framing, encode('x'.repeat(BYTES - 1)));
    await until(() => connection.rest.includes('begun'));
    await bob.logOut();
    await connection.untilClosed();
    expect(connection.rest).toMatch(/begun\r\n$/);
  });
});
