import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { runBeside } from '../../support/beside.ts';
import { gatewayTest, logInAs } from '../../support/fixtures.ts';
import { bearer, problemOf } from '../../support/gateway.ts';
import { RawConnection, rawRequest } from '../../support/raw-http.ts';
import { TRANSFERS } from './echo-test.ts';

const ROUNDS = 40;
const READERS = 4;
/** When the upstream closes a connection whose request it has not read, as many servers do, some time after the response. */
const CLOSES_AFTER_MS = 30;

const test = gatewayTest({ BANK_CONNECTIONS_MAX: '8' });

test.for([20_000, 200_000, 1_000_000])(
  'bodies of %i bytes that the upstream rejects are a 413 every time, and cost no other user a request',
  async (size, { gateway, upstream, token }) => {
    upstream.respondWith(async (incoming, outgoing) => {
      if (incoming.method === 'GET') {
        await delay(2);
        outgoing.end('{}');
        return;
      }
      incoming.pause();
      outgoing
        .writeHead(413, { 'content-type': 'application/problem+json' })
        .end('{"code":"body_too_large"}');
      setTimeout(() => incoming.socket.destroy(), CLOSES_AFTER_MS);
    });
    const alice = await logInAs(gateway, 'alice');
    const statuses = new Set<number>();
    const read = async (): Promise<void> => {
      statuses.add((await alice.request('/bank/accounts')).status);
    };
    const readers = runBeside(Array.from({ length: READERS }, () => read));
    const body = Buffer.alloc(size);
    for (let i = 0; i < ROUNDS; i += 1) {
      const response = await fetch(gateway.url + TRANSFERS, { method: 'POST', body, headers: bearer(token) });
      expect(await problemOf(response)).toEqual({ status: 413, code: 'body_too_large' });
    }
    await readers.stop();
    expect(statuses).toEqual(new Set([200]));
  },
);

test.for(['\n', 'x', 'xyz\r\n\r\n'])(
  'surplus bytes after a body, %j, do not lose the response to the request that was carried out',
  async (surplus, { gateway, upstream, token }) => {
    upstream.respondWith(async (incoming, outgoing) => {
      incoming.resume().on('end', () => setTimeout(() => outgoing.end('done'), 20));
    });
    const before = upstream.count;
    const head = rawRequest(`POST ${TRANSFERS}`, `Authorization: Bearer ${token}`, 'Content-Length: 5');
    const connection = new RawConnection(gateway.url).send(`${head}12345${surplus}`);
    const response = await connection.response();
    expect([response.status, response.body.toString()]).toEqual([200, 'done']);
    expect(upstream.count - before).toBe(1);
    connection.destroy();
  },
);
