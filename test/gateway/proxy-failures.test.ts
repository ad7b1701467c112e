import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningGateway } from '../../src/gateway/server.ts';
import { bearer, problemOf, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { startGatewayBeside } from '../support/gateway-beside.ts';
import { RawConnection, rawRequest } from '../support/raw-http.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const BANK_TIMEOUT_MS = 400;

/** undici looks at its timers about every half second. */
const TIMER_GRAIN_MS = 1100;

let gateway: TestGateway;
let bank: Upstream;
let token = '';
beforeAll(async () => {
  bank = await startUpstream();
  gateway = await startTestGateway({
    BANK_URL: bank.url,
    BANK_FIRST_BYTE_TIMEOUT_MS: `${BANK_TIMEOUT_MS}`,
    BANK_IDLE_TIMEOUT_MS: `${BANK_TIMEOUT_MS}`,
  });
  token = await gateway.login();
});
afterAll(async () => {
  await gateway.close();
  await bank.close();
});

const TRANSFERS = '/bank/accounts/1/transfers';
const get = (): Promise<Response> => fetch(`${gateway.url}/bank/accounts`, { headers: bearer(token) });
const post = (body: Body): Promise<Response> =>
  fetch(gateway.url + TRANSFERS, { method: 'POST', body, headers: bearer(token), duplex: 'half' });

/** A body whose length is not declared. */
const chunked = (size: number): ReadableStream =>
  new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(size));
      controller.close();
    },
  });

type Body = NonNullable<RequestInit['body']>;

const BODIES: [string, () => Body | undefined][] = [
  ['without a body', () => undefined],
  ['with a short body', () => '{}'],
  ['with a long body', () => new Uint8Array(5_000_000)],
  ['with a body of undeclared length', () => chunked(500_000)],
];

describe('a bank that can not be reached is a 502', () => {
  let lonely: RunningGateway;
  beforeAll(async () => {
    const gone = await startUpstream();
    await gone.close();
    lonely = await startGatewayBeside(gateway, { BANK_URL: gone.url });
  });
  afterAll(() => lonely.close());

  test.each(BODIES)('for a request %s', async (_what, bodyOf) => {
    const body = bodyOf();
    const request = body === undefined ? {} : { method: 'POST', body, duplex: 'half' as const };
    const path = body === undefined ? '/bank/accounts' : TRANSFERS;
    const answer = await fetch(lonely.url + path, { ...request, headers: bearer(token) });
    expect(await problemOf(answer)).toEqual({ status: 502, code: 'bank_unreachable' });
  });
});

test('a bank that does not answer is a 504 in the configured time, and its request is ended', async () => {
  const closed = Promise.withResolvers<void>();
  bank.answerWith((_incoming, outgoing) => outgoing.on('close', closed.resolve));
  const startMs = performance.now();
  expect(await problemOf(await get())).toEqual({ status: 504, code: 'bank_timeout' });
  expect(performance.now() - startMs).toBeGreaterThan(BANK_TIMEOUT_MS - 50);
  expect(performance.now() - startMs).toBeLessThan(BANK_TIMEOUT_MS + TIMER_GRAIN_MS);
  await closed.promise;
});

test('a bank that does not take an upload is a 504 too', async () => {
  bank.answerWith(() => {});
  const answer = await post(new Uint8Array(9_000_000));
  expect(await problemOf(answer)).toEqual({ status: 504, code: 'bank_timeout' });
});

test('a request that gets no connection to the bank is a 504 in the same time, and is never sent', async () => {
  const limits = { BANK_CONNECTIONS_MAX: '1', BANK_FIRST_BYTE_TIMEOUT_MS: `${BANK_TIMEOUT_MS}` };
  const single = await startGatewayBeside(gateway, { BANK_URL: bank.url, ...limits });
  try {
    let held: ServerResponse | undefined;
    bank.answerWith((_incoming, outgoing) => {
      held = outgoing;
      outgoing.write('begun');
    });
    const before = bank.count;
    const ask = (): Promise<Response> => fetch(`${single.url}/bank/accounts`, { headers: bearer(token) });
    const first = await ask();
    const startMs = performance.now();
    const others = await Promise.all([ask(), ask(), ask()]);
    expect(performance.now() - startMs).toBeLessThan(BANK_TIMEOUT_MS + TIMER_GRAIN_MS);
    for (const answer of others)
      expect(await problemOf(answer)).toEqual({ status: 504, code: 'bank_timeout' });
    held?.end();
    expect(await first.text()).toBe('begun');
    bank.answerWith((_incoming, outgoing) => outgoing.end('next'));
    expect(await (await ask()).text()).toBe('next');
    expect(bank.count - before).toBe(2);
  } finally {
    await single.close();
  }
});

describe('nothing is sent twice', () => {
  test.each(BODIES)(
    'a bank that hangs up on a request %s is a 502, and heard it once',
    async (_what, bodyOf) => {
      const before = bank.count;
      bank.answerWith((incoming) => incoming.on('end', () => incoming.socket.destroy()).resume());
      const body = bodyOf();
      const answer = await (body === undefined ? get() : post(body));
      expect(await problemOf(answer)).toEqual({ status: 502, code: 'bank_unreachable' });
      expect(bank.count - before).toBe(1);
    },
  );

  test('a kept connection that dies under a POST is a 502, and the bank heard it once', async () => {
    const heard: string[] = [];
    const fickle = createServer((socket) => answerOnce(socket, heard)).listen(0, '127.0.0.1');
    await once(fickle, 'listening');
    const { port } = fickle.address() as AddressInfo;
    const BANK_URL = `http://127.0.0.1:${port}`;
    const other = await startGatewayBeside(gateway, { BANK_URL, BANK_CONNECTIONS_MAX: '1' });
    try {
      const headers = bearer(token);
      expect((await fetch(`${other.url}/bank/accounts`, { headers })).status).toBe(200);
      const answer = await fetch(other.url + TRANSFERS, { method: 'POST', body: '{}', headers });
      expect(await problemOf(answer)).toEqual({ status: 502, code: 'bank_unreachable' });
      expect(heard).toEqual(['GET', 'POST']);
    } finally {
      await other.close();
      fickle.close();
    }
  });
});

/** Answers the first request on a connection, promises to keep the connection, and hangs up on the second. */
function answerOnce(socket: Socket, heard: string[]): void {
  let answered = false;
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    const method = /^([A-Z]+) \//.exec(chunk.toString())?.[1];
    if (method === undefined) return;
    heard.push(method);
    if (answered) socket.destroy();
    else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok');
    answered = true;
  });
}

describe('an answer that ends too early is never passed off as a whole one', () => {
  const cut = async (
    head: Record<string, string>,
    end: (outgoing: ServerResponse) => void,
  ): Promise<string> => {
    bank.answerWith((_incoming, outgoing) => {
      outgoing.writeHead(200, head);
      outgoing.write('begun', () => end(outgoing));
    });
    const authorization = `Authorization: Bearer ${token}`;
    const connection = new RawConnection(gateway.url).send(rawRequest('GET /bank/accounts', authorization));
    await connection.untilClosed();
    return connection.rest;
  };

  test.each<[string, (outgoing: ServerResponse) => void]>([
    ['hangs up', (outgoing) => outgoing.destroy()],
    ['resets the connection', (outgoing) => outgoing.socket?.resetAndDestroy()],
    ['falls silent', () => {}],
    ['talks nonsense', (outgoing) => outgoing.socket?.write('no chunk\r\n')],
  ])('when the bank %s midway', async (_what, end) => {
    expect(await cut({}, end)).toMatch(/\r\n5\r\nbegun\r\n$/);
  });

  test('when the bank hangs up before the length that it declared', async () => {
    const received = await cut({ 'content-length': '10' }, (outgoing) => outgoing.destroy());
    expect(received).toMatch(/content-length: 10\r\n[\s\S]*\r\n\r\nbegun$/);
  });
});

describe('an answer that can not be used is a 502', () => {
  test.each([
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    [
      'an upgrade that nobody asked for',
      'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
    ],
    [
      'a length with chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n12345'],
    ['headers without end', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['a status that is none', 'HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n'],
  ])('%s', async (_what, bytes) => {
    bank.answerWith((incoming) => incoming.socket.write(bytes));
    expect(await problemOf(await get())).toEqual({ status: 502, code: 'bank_unreachable' });
  });
});

test("the bank's 401 is about the gateway: the user gets a 502, without the challenge or the body", async () => {
  bank.answerWith((_incoming, outgoing) => {
    outgoing.writeHead(401, { 'www-authenticate': 'Basic realm="bank"', 'x-bank-secret': '1' });
    outgoing.end('{"code":"assertion_invalid"}');
  });
  const answer = await get();
  expect(answer.headers.get('www-authenticate')).toBeNull();
  expect(answer.headers.get('x-bank-secret')).toBeNull();
  expect(await problemOf(answer)).toEqual({ status: 502, code: 'bank_refused' });
});

/** Answers without end, as fast as it is taken. */
function pour(outgoing: ServerResponse): void {
  const fill = (): void => {
    while (outgoing.write(Buffer.alloc(65_536)));
  };
  outgoing.on('drain', fill);
  fill();
}

describe('a client that goes away', () => {
  /** Resolves when the bank's side of the next request is cut. */
  function cutAtBank(answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void) {
    const { promise, resolve } = Promise.withResolvers<{ whole: boolean }>();
    bank.answerWith((incoming, outgoing) => {
      outgoing.on('close', () => resolve({ whole: incoming.complete }));
      answer(incoming, outgoing);
    });
    return promise;
  }
  const open = (requestLine: string, ...lines: string[]): RawConnection =>
    new RawConnection(gateway.url).send(rawRequest(requestLine, `Authorization: Bearer ${token}`, ...lines));

  test('before the answer ends the request at the bank', async () => {
    const before = bank.count;
    const cut = cutAtBank(() => {});
    const connection = open('GET /bank/accounts');
    await until(() => bank.count > before);
    const startMs = performance.now();
    connection.destroy();
    await cut;
    expect(performance.now() - startMs).toBeLessThan(BANK_TIMEOUT_MS / 2);
  });

  test('mid-download ends the download', async () => {
    const cut = cutAtBank((_incoming, outgoing) => pour(outgoing));
    const connection = open('GET /bank/accounts');
    await until(() => connection.rest.length > 100_000);
    connection.destroy();
    await cut;
  });

  test('mid-download, having stopped reading, ends the download', async () => {
    let poured: ServerResponse | undefined;
    const cut = cutAtBank((_incoming, outgoing) => {
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
    connection.destroy();
    await cut;
  });

  test('with several requests unanswered ends them all at the bank', async () => {
    const closed: (string | undefined)[] = [];
    let begun = 0;
    bank.answerWith(({ url }, outgoing) => {
      begun += 1;
      outgoing.on('close', () => closed.push(url));
      if (url === '/accounts/2') pour(outgoing);
    });
    const authorization = `Authorization: Bearer ${token}`;
    const connection = new RawConnection(gateway.url);
    for (const id of [1, 2, 3]) connection.send(rawRequest(`GET /bank/accounts/${id}`, authorization));
    await until(() => begun === 3);
    connection.destroy();
    await until(() => closed.length === 3, BANK_TIMEOUT_MS / 2);
  });

  test.each([
    ['of declared length', 'Content-Length: 1000', '12345'],
    ['of undeclared length', 'Transfer-Encoding: chunked', '5\r\n12345\r\n'],
  ])('mid-upload %s ends the upload, which the bank sees is not whole', async (_what, framing, begin) => {
    let received = 0;
    const cut = cutAtBank((incoming) => {
      incoming.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      incoming.on('error', () => {});
    });
    const connection = open(`POST ${TRANSFERS}`, framing).send(begin);
    await until(() => received === 5);
    connection.destroy();
    expect(await cut).toEqual({ whole: false });
  });

  test('while its request waits for a connection costs the bank nothing', async () => {
    const single = await startGatewayBeside(gateway, { BANK_URL: bank.url, BANK_CONNECTIONS_MAX: '1' });
    try {
      const authorization = `Authorization: Bearer ${token}`;
      const held: ServerResponse[] = [];
      bank.answerWith((_incoming, outgoing) => held.push(outgoing));
      const request = (): RawConnection =>
        new RawConnection(single.url).send(rawRequest('GET /bank/accounts', authorization));
      const bankBefore = bank.count;
      const redisBefore = await gateway.redis.commandCount();
      const first = request();
      await until(() => held.length === 1);
      const impatient = [request(), request(), request()];
      const last = request();
      await until(async () => (await gateway.redis.commandCount()) - redisBefore === 5);
      for (const connection of impatient) connection.destroy();
      await fetch(`${single.url}/livez`);
      bank.answerWith((_incoming, outgoing) => outgoing.end('last'));
      held[0]?.end('first');
      expect((await first.answer()).body.toString()).toBe('first');
      expect((await last.answer()).body.toString()).toBe('last');
      expect(bank.count - bankBefore).toBe(2);
    } finally {
      await single.close();
    }
  });
});
