import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import type { RunningGateway } from '../../../src/gateway/server.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { bearer, problemOf } from '../../support/gateway.ts';
import { startGatewayBeside } from '../../support/gateway-beside.ts';
import { until } from '../../support/until.ts';
import { startUpstream } from '../../support/upstream.ts';

const BANK_TIMEOUT_MS = 400;

/** undici checks its timers about every half second. */
const TIMER_GRAIN_MS = 1100;

const test = gatewayTest({
  BANK_FIRST_BYTE_TIMEOUT_MS: `${BANK_TIMEOUT_MS}`,
  BANK_IDLE_TIMEOUT_MS: `${BANK_TIMEOUT_MS}`,
})
  /** A gateway whose upstream is unreachable. */
  .extend('lonely', { scope: 'file' }, async ({ gateway }, { onCleanup }): Promise<RunningGateway> => {
    const gone = await startUpstream();
    await gone.close();
    const lonely = await startGatewayBeside(gateway, { BANK_URL: gone.url });
    onCleanup(() => lonely.close());
    return lonely;
  })
  .extend(
    'get',
    ({ gateway, token }) =>
      (): Promise<Response> =>
        fetch(`${gateway.url}/bank/accounts`, { headers: bearer(token) }),
  )
  .extend(
    'post',
    ({ gateway, token }) =>
      (body: Body): Promise<Response> =>
        fetch(gateway.url + TRANSFERS, { method: 'POST', body, headers: bearer(token), duplex: 'half' }),
  );

const TRANSFERS = '/bank/accounts/1/transfers';

/** A body of undeclared length. */
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

describe('an unreachable upstream is a 502', () => {
  test.for(BODIES)('for a request %s', async ([_what, bodyOf], { lonely, token }) => {
    const body = bodyOf();
    const request = body === undefined ? {} : { method: 'POST', body, duplex: 'half' as const };
    const path = body === undefined ? '/bank/accounts' : TRANSFERS;
    const response = await fetch(lonely.url + path, { ...request, headers: bearer(token) });
    expect(await problemOf(response)).toEqual({ status: 502, code: 'bank_unreachable' });
  });
});

test('an upstream that does not respond or read an upload is a 504 within the configured time, and its request is aborted', async ({
  upstream,
  get,
  post,
}) => {
  const closed: string[] = [];
  upstream.respondWith(({ url = '' }, outgoing) => outgoing.on('close', () => closed.push(url)));
  const startMs = performance.now();
  for (const response of await Promise.all([get(), post(new Uint8Array(9_000_000))]))
    expect(await problemOf(response)).toEqual({ status: 504, code: 'bank_timeout' });
  expect(performance.now() - startMs).toBeGreaterThan(BANK_TIMEOUT_MS - 50);
  expect(performance.now() - startMs).toBeLessThan(BANK_TIMEOUT_MS + TIMER_GRAIN_MS);
  await until(() => closed.includes('/accounts'));
});

test('an upstream whose host does not accept connections is a 504 within the configured time', async ({
  gateway,
  token,
}) => {
  const deaf = await startDeafHost();
  const other = await startGatewayBeside(gateway, { BANK_URL: deaf.url, BANK_CONNECT_TIMEOUT_MS: '300' });
  try {
    const startMs = performance.now();
    const response = await fetch(`${other.url}/bank/accounts`, { headers: bearer(token) });
    expect(await problemOf(response)).toEqual({ status: 504, code: 'bank_timeout' });
    expect(performance.now() - startMs).toBeGreaterThan(250);
    expect(performance.now() - startMs).toBeLessThan(300 + TIMER_GRAIN_MS);
  } finally {
    await other.close();
    deaf.close();
  }
});

/** A frozen process whose accept queue is full, so that the kernel leaves further connections pending. */
async function startDeafHost(): Promise<{ url: string; close(): void }> {
  const listen = `const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:fs').writeSync(1, String(server.address().port));
      process.kill(process.pid, 'SIGSTOP');
    });`;
  const child = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const queue = Array.from({ length: 4 }, () => connect(Number(port), '127.0.0.1').on('error', () => {}));
  await Promise.all(queue.slice(0, 2).map((socket) => once(socket, 'connect')));
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      for (const socket of queue) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}

test('an upload may take longer than the upstream may take to respond', async ({ upstream, post }) => {
  upstream.respondWith((incoming, outgoing) => incoming.resume().on('end', () => outgoing.end('thanks')));
  const slow = new ReadableStream({
    async start(controller) {
      controller.enqueue(new Uint8Array(1));
      await delay(BANK_TIMEOUT_MS + TIMER_GRAIN_MS);
      controller.enqueue(new Uint8Array(1));
      controller.close();
    },
  });
  const response = await post(slow);
  expect([response.status, await response.text()]).toEqual([200, 'thanks']);
});

test('a request without a free upstream connection is a 504 within the same time, and is never sent', async ({
  gateway,
  upstream,
  token,
}) => {
  const limits = { BANK_CONNECTIONS_MAX: '1', BANK_FIRST_BYTE_TIMEOUT_MS: `${BANK_TIMEOUT_MS}` };
  const single = await startGatewayBeside(gateway, { BANK_URL: upstream.url, ...limits });
  try {
    let held: ServerResponse | undefined;
    upstream.respondWith((_incoming, outgoing) => {
      held = outgoing;
      outgoing.write('begun');
    });
    const before = upstream.count;
    const ask = (): Promise<Response> => fetch(`${single.url}/bank/accounts`, { headers: bearer(token) });
    const first = await ask();
    const startMs = performance.now();
    const others = await Promise.all([ask(), ask(), ask()]);
    expect(performance.now() - startMs).toBeLessThan(BANK_TIMEOUT_MS + TIMER_GRAIN_MS);
    for (const response of others)
      expect(await problemOf(response)).toEqual({ status: 504, code: 'bank_timeout' });
    held?.end();
    expect(await first.text()).toBe('begun');
    upstream.respondWith((_incoming, outgoing) => outgoing.end('next'));
    expect(await (await ask()).text()).toBe('next');
    expect(upstream.count - before).toBe(2);
  } finally {
    await single.close();
  }
});

describe('no request is sent twice', () => {
  test.for(BODIES.slice(1))(
    'an upstream that closes the connection on a request %s is a 502, and received it once',
    async ([_what, bodyOf], { upstream, post }) => {
      const before = upstream.count;
      upstream.respondWith((incoming) => incoming.on('end', () => incoming.socket.destroy()).resume());
      const response = await post(bodyOf() ?? '');
      expect(await problemOf(response)).toEqual({ status: 502, code: 'bank_unreachable' });
      expect(upstream.count - before).toBe(1);
    },
  );

  test.for([
    ['a POST on a kept-alive connection', ['GET', 'POST'], 502],
    ['a GET on a new connection', ['GET'], 502],
  ] as const)(
    '%s that breaks is a 502, and the upstream received it once',
    async ([_what, methods, status], { gateway, token }) => {
      const closing = await startClosingUpstream(methods.length - 1);
      const other = await startGatewayBeside(gateway, { BANK_URL: closing.url, BANK_CONNECTIONS_MAX: '1' });
      try {
        let last: Response | undefined;
        for (const method of methods) last = await ask(other.url, token, method);
        expect(await problemOf(last as Response)).toEqual({ status, code: 'bank_unreachable' });
        expect(closing.received).toEqual(methods);
      } finally {
        await other.close();
        closing.close();
      }
    },
  );
});

describe('a GET on a kept-alive connection that closes without a byte', () => {
  test('is repeated once on another connection, and gets its response', async ({ gateway, token }) => {
    const closing = await startClosingUpstream(1);
    const other = await startGatewayBeside(gateway, { BANK_URL: closing.url, BANK_CONNECTIONS_MAX: '1' });
    try {
      for (let i = 0; i < 3; i += 1) expect((await ask(other.url, token, 'GET')).status).toBe(200);
      expect(closing.received).toEqual(['GET', 'GET', 'GET', 'GET', 'GET']);
    } finally {
      await other.close();
      closing.close();
    }
  });

  test('is judged again before it is repeated: after a logout it is a 401 and is not sent', async ({
    gateway,
  }) => {
    const closing = await startClosingUpstream(1);
    const other = await startGatewayBeside(gateway, { BANK_URL: closing.url, BANK_CONNECTIONS_MAX: '1' });
    try {
      const own = await gateway.login();
      expect((await ask(other.url, own, 'GET')).status).toBe(200);
      closing.pause();
      const pending = ask(other.url, own, 'GET');
      await until(() => closing.received.length === 2);
      await fetch(`${gateway.url}/auth/logout`, { method: 'POST', headers: bearer(own) });
      closing.resume();
      expect(await problemOf(await pending)).toEqual({ status: 401, code: 'token_revoked' });
      expect(closing.received).toEqual(['GET', 'GET']);
    } finally {
      await other.close();
      closing.close();
    }
  });
});

const ask = (url: string, token: string, method: string): Promise<Response> =>
  method === 'GET'
    ? fetch(`${url}/bank/accounts`, { headers: bearer(token) })
    : fetch(url + TRANSFERS, { method, body: '{}', headers: bearer(token) });

/** An upstream that responds to the first `served` requests on a connection with keep-alive, and closes it on the next. */
async function startClosingUpstream(served: number) {
  const received: string[] = [];
  const waiting: (() => void)[] = [];
  let isPaused = false;
  const server = createServer((socket) => {
    let count = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const method = /^([A-Z]+) \//.exec(chunk.toString())?.[1];
      if (method === undefined) return;
      received.push(method);
      count += 1;
      if (count <= served)
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok');
      else if (isPaused) waiting.push(() => socket.destroy());
      else socket.destroy();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    received,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pause: () => {
      isPaused = true;
    },
    resume: () => {
      for (const close of waiting) close();
    },
    close: () => server.close(),
  };
}
