import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { bearer, problemOf } from '../../support/gateway.ts';
import { startGatewayBeside } from '../../support/gateway-beside.ts';
import { RawConnection, rawRequest } from '../../support/raw-http.ts';
import { expectRefusal } from '../../support/refusal.ts';
import { until } from '../../support/until.ts';
import { BODY_MAX_BYTES, chunkedOf, digest, echo, MIB, TRANSFERS, test } from './echo-test.ts';

/** A kernel may buffer up to 32 MiB on each of two connections whose receiver does not read. */
const MAX_BUFFERED_BYTES = 128 * MIB;

test.beforeEach(({ upstream }) => upstream.respondWith(echo));

describe('bodies arrive unchanged', () => {
  test.for([0, 1, 65_535, 65_536, 3_000_001])(
    '%i bytes up and down, declared and not',
    async (size, { post }) => {
      const bytes = randomBytes(size);
      for (const body of [bytes, chunkedOf(bytes)]) {
        const response = await post(body);
        expect(response.status).toBe(200);
        expect(digest(await response.bytes())).toBe(digest(bytes));
      }
    },
  );

  test('200 concurrent bodies over 8 connections are not mixed up', async ({ upstream, post }) => {
    const connections = new Set<number | undefined>();
    upstream.respondWith((incoming, outgoing) => {
      connections.add(incoming.socket.remotePort);
      echo(incoming, outgoing);
    });
    await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const bytes = randomBytes(1 + ((i * 7919) % 50_000));
        const response = await post(i % 2 === 0 ? bytes : chunkedOf(bytes));
        expect(digest(await response.bytes())).toBe(digest(bytes));
      }),
    );
    expect(connections.size).toBeLessThanOrEqual(8);
  });

  test('the upstream gets exactly the length that the client declared, or that of a held body', async ({
    upstream,
    post,
    gateway,
    token,
  }) => {
    const told: unknown[] = [];
    upstream.respondWith((incoming, outgoing) => {
      told.push([incoming.headers['content-length'], incoming.headers['transfer-encoding']]);
      echo(incoming, outgoing);
    });
    await post('12345');
    await post(chunkedOf(new Uint8Array(MIB)));
    await post(chunkedOf(new Uint8Array(7)));
    await post(chunkedOf(new Uint8Array(0)));
    await post('');
    await fetch(`${gateway.url}/bank/accounts`, { headers: bearer(token) });
    expect(told).toEqual([
      ['5', undefined],
      [undefined, 'chunked'],
      ['7', undefined],
      ['0', undefined],
      ['0', undefined],
      [undefined, undefined],
    ]);
  });

  test('a response is streamed while its request is still being sent', async ({ open }) => {
    const long = 'x'.repeat(0x20000);
    const connection = open(`POST ${TRANSFERS}`, 'Transfer-Encoding: chunked').send(`20000\r\n${long}\r\n`);
    await until(() => connection.rest.length > 0x10000);
    connection.send('4\r\npong\r\n0\r\n\r\n');
    expect((await connection.response()).body.toString()).toBe(`${long}pong`);
    connection.destroy();
  });
});

describe('bodies flow only as fast as the slower side', () => {
  /** Waits until a counter has stopped growing, and returns it. */
  async function settled(count: () => number): Promise<number> {
    let last = -1;
    await until(async () => {
      const before = last;
      last = count();
      await delay(60);
      return last > 0 && last === before;
    });
    return last;
  }

  test('the upstream stalls if the client does not read', async ({ upstream, open }) => {
    let outgoing: ServerResponse | undefined;
    upstream.respondWith((_incoming, response) => {
      outgoing = response;
      const fill = (): void => {
        while (response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', fill);
      fill();
    });
    const connection = open('GET /bank/accounts');
    connection.socket.pause();
    const sent = await settled(() => outgoing?.socket?.bytesWritten ?? 0);
    expect(sent).toBeLessThan(MAX_BUFFERED_BYTES);
    connection.destroy();
  });

  test('the client stalls if the upstream does not read', async ({ upstream, gateway, token }) => {
    upstream.respondWith(() => {});
    const roomy = await startGatewayBeside(gateway, {
      BANK_URL: upstream.url,
      BODY_MAX_BYTES: `${1024 * MIB}`,
      SHUTDOWN_GRACE_MS: '0',
    });
    try {
      for (const framing of [`Content-Length: ${1024 * MIB}`, 'Transfer-Encoding: chunked']) {
        const authorization = `Authorization: Bearer ${token}`;
        const connection = new RawConnection(roomy.url);
        connection.send(rawRequest(`POST ${TRANSFERS}`, authorization, framing));
        const block = framing.startsWith('C')
          ? Buffer.alloc(65_536)
          : Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536), Buffer.from('\r\n')]);
        const fill = (): void => {
          while (connection.socket.write(block));
        };
        connection.socket.on('drain', fill);
        fill();
        const sent = await settled(() => connection.socket.bytesWritten - connection.socket.writableLength);
        expect(sent).toBeLessThan(MAX_BUFFERED_BYTES);
        connection.destroy();
      }
    } finally {
      await roomy.close();
    }
  });
});

describe('a body over the limit', () => {
  test('with a declared length is a 413 before the token is checked', ({ gateway, upstream }) =>
    expectRefusal(
      { gateway, upstream },
      async () => {
        const body = new Uint8Array(BODY_MAX_BYTES + 1);
        return problemOf(await fetch(gateway.url + TRANSFERS, { method: 'POST', body }));
      },
      { status: 413, code: 'body_too_large' },
    ));

  test('without a declared length is a 413 as soon as it exceeds the limit, and the upstream never receives all of it', async ({
    upstream,
    post,
  }) => {
    let whole = false;
    upstream.respondWith((incoming) => {
      incoming.on('end', () => {
        whole = true;
      });
      incoming.on('error', () => {});
      incoming.resume();
    });
    const response = await post(chunkedOf(new Uint8Array(BODY_MAX_BYTES + 1)));
    expect(await problemOf(response)).toEqual({ status: 413, code: 'body_too_large' });
    expect(whole).toBe(false);
  });

  test('by 0 bytes is accepted, with and without a declared length', async ({ post }) => {
    const bytes = new Uint8Array(BODY_MAX_BYTES);
    for (const body of [bytes, chunkedOf(bytes)]) {
      expect((await (await post(body)).bytes()).length).toBe(BODY_MAX_BYTES);
    }
  });
});
