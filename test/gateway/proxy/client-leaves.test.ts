import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect } from 'vitest';
import { gatewayTest } from '../../support/fixtures.ts';
import { startGatewayBeside } from '../../support/gateway-beside.ts';
import { RawConnection, rawRequest } from '../../support/raw-http.ts';
import { until } from '../../support/until.ts';

const TRANSFERS = '/bank/accounts/1/transfers';

/** How soon the upstream request must be aborted. */
const ABORTED_WITHIN_MS = 500;

const test = gatewayTest()
  /** Resolves when the next upstream request is aborted. */
  .extend(
    'nextAbort',
    ({ upstream }) =>
      (response: (incoming: IncomingMessage, outgoing: ServerResponse) => void) => {
        const { promise, resolve } = Promise.withResolvers<{ whole: boolean }>();
        upstream.respondWith((incoming, outgoing) => {
          outgoing.on('close', () => resolve({ whole: incoming.complete }));
          response(incoming, outgoing);
        });
        return promise;
      },
  )
  .extend(
    'open',
    ({ gateway, token }) =>
      (requestLine: string, ...lines: string[]): RawConnection =>
        new RawConnection(gateway.url).send(
          rawRequest(requestLine, `Authorization: Bearer ${token}`, ...lines),
        ),
  );

/** Sends an endless response as fast as it is accepted. */
function pour(outgoing: ServerResponse): void {
  const fill = (): void => {
    while (outgoing.write(Buffer.alloc(65_536)));
  };
  outgoing.on('drain', fill);
  fill();
}

describe('a client that leaves', () => {
  /** Disconnects the client, and waits until the upstream request is aborted. */
  async function expectAborted(connection: RawConnection, cut: Promise<{ whole: boolean }>) {
    const startMs = performance.now();
    connection.destroy();
    const how = await cut;
    expect(performance.now() - startMs).toBeLessThan(ABORTED_WITHIN_MS);
    return how;
  }

  test('before the response aborts the upstream request', async ({ upstream, nextAbort, open }) => {
    const before = upstream.count;
    const cut = nextAbort(() => {});
    const connection = open('GET /bank/accounts');
    await until(() => upstream.count > before);
    await expectAborted(connection, cut);
  });

  test('during a download aborts it', async ({ nextAbort, open }) => {
    const cut = nextAbort((_incoming, outgoing) => pour(outgoing));
    const connection = open('GET /bank/accounts');
    await until(() => connection.rest.length > 100_000);
    await expectAborted(connection, cut);
  });

  test('during a download that it had stopped reading aborts it', async ({ nextAbort, open }) => {
    let poured: ServerResponse | undefined;
    const cut = nextAbort((_incoming, outgoing) => {
      poured = outgoing;
      pour(outgoing);
    });
    const connection = open('GET /bank/accounts');
    connection.socket.pause();
    let written = -1;
    await until(async () => {
      const before = written;
      written = poured?.socket?.bytesWritten ?? -1;
      await delay(50);
      return before > 0 && written === before;
    });
    await expectAborted(connection, cut);
  });

  test('with several pending requests aborts them all', async ({ upstream, token, gateway }) => {
    const closed: (string | undefined)[] = [];
    let begun = 0;
    upstream.respondWith(({ url }, outgoing) => {
      begun += 1;
      outgoing.on('close', () => closed.push(url));
      if (url === '/accounts/2') pour(outgoing);
    });
    const authorization = `Authorization: Bearer ${token}`;
    const connection = new RawConnection(gateway.url);
    for (const id of [1, 2, 3]) connection.send(rawRequest(`GET /bank/accounts/${id}`, authorization));
    await until(() => begun === 3);
    connection.destroy();
    await until(() => closed.length === 3, ABORTED_WITHIN_MS);
  });

  test.for([
    ['of declared length', 'Content-Length: 200000', 'x'.repeat(100_000)],
    ['of undeclared length', 'Transfer-Encoding: chunked', `186a0\r\n${'x'.repeat(100_000)}\r\n`],
  ] as const)(
    'during an upload %s aborts it, and the upstream sees that it is incomplete',
    async ([_what, framing, begin], { nextAbort, open }) => {
      let received = 0;
      const cut = nextAbort((incoming) => {
        incoming.on('data', (chunk: Buffer) => {
          received += chunk.length;
        });
        incoming.on('error', () => {});
      });
      const connection = open(`POST ${TRANSFERS}`, framing).send(begin);
      await until(() => received > 10_000);
      expect(await expectAborted(connection, cut)).toEqual({ whole: false });
    },
  );

  test('while its request waits for a connection causes no upstream request', async ({
    gateway,
    upstream,
    token,
  }) => {
    let granted = 0;
    const write = (line: string): void => {
      if (line.includes('"granted":true')) granted += 1;
    };
    const single = await startGatewayBeside(
      gateway,
      { BANK_URL: upstream.url, BANK_CONNECTIONS_MAX: '1' },
      pino({ level: 'info' }, { write }),
    );
    try {
      const authorization = `Authorization: Bearer ${token}`;
      const held: ServerResponse[] = [];
      upstream.respondWith((_incoming, outgoing) => held.push(outgoing));
      const request = (): RawConnection =>
        new RawConnection(single.url).send(rawRequest('GET /bank/accounts', authorization));
      const upstreamBefore = upstream.count;
      const first = request();
      await until(() => held.length === 1);
      const impatient = [request(), request(), request()];
      const last = request();
      await until(() => granted === 5);
      for (const connection of impatient) connection.destroy();
      await fetch(`${single.url}/livez`);
      upstream.respondWith((_incoming, outgoing) => outgoing.end('last'));
      held[0]?.end('first');
      expect((await first.response()).body.toString()).toBe('first');
      expect((await last.response()).body.toString()).toBe('last');
      expect(upstream.count - upstreamBefore).toBe(2);
    } finally {
      await single.close();
    }
  });
});
