import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { openEventSource } from '../../../src/web/api/event-source.ts';
import { until } from '../../support/until.ts';

let requests: IncomingMessage[];
let responses: ServerResponse[];
let log: string[];
let server: ReturnType<typeof createServer>;
let origin: string;
beforeEach(async () => {
  [requests, responses, log] = [[], [], []];
  server = createServer((request, response) => {
    requests.push(request);
    responses.push(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

/** Opens the stream for the current test. */
function opened(
  onEvent = (name: string, data: string): void => void log.push(`${name} ${data}`),
): () => void {
  const close = openEventSource({
    path: '/events',
    send: (path, init) => fetch(origin + path, init),
    onOpen: () => log.push('open'),
    onEvent,
    onLost: () => log.push('lost'),
    onRefused: () => log.push('refused'),
  });
  onTestFinished(close);
  return close;
}

/** The response to the request with this number, after its status and headers have been sent. */
async function accepted(number: number, headers: Record<string, string> = {}): Promise<ServerResponse> {
  await until(() => responses.length > number);
  const response = responses[number] as ServerResponse;
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', ...headers });
  response.flushHeaders();
  return response;
}

const logged = (...lines: string[]): Promise<void> => until(() => log.join('\n') === lines.join('\n'));

test('events are passed on with their names, wherever the chunks are cut, also within a character', async () => {
  opened();
  const response = await accepted(0);
  const bytes = Buffer.from('event: news\r\ndata: "Zürich €"\r\n\r\n: still here\n\ndata: 2\n\n');
  for (const byte of bytes) {
    response.write(Buffer.from([byte]));
    await new Promise((written) => setImmediate(written));
  }
  await logged('open', 'news "Zürich €"', 'message 2');
  expect(requests[0]?.headers).toMatchObject({ accept: 'text/event-stream' });
  expect(requests[0]?.headers).not.toHaveProperty('last-event-id');
});

test('a lost connection is restored after the delay that the server sent, and continues after the last event', async () => {
  opened();
  (await accepted(0)).end('retry: 20\nid: 7-0\n\n');
  await logged('open', 'lost');
  const second = await accepted(1);
  expect(requests[1]?.headers['last-event-id']).toBe('7-0');
  second.write('id: 8-0\ndata: 1\n\n');
  await logged('open', 'lost', 'open', 'message 1');
  second.destroy();
  await accepted(2);
  expect(requests[2]?.headers['last-event-id']).toBe('8-0');
});

test('an event whose end has not been received is ignored', async () => {
  opened();
  (await accepted(0)).end('retry: 10\ndata: 1');
  await accepted(1);
  await logged('open', 'lost', 'open');
});

test('a server that is not reached is asked again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  let calls = 0;
  onTestFinished(
    openEventSource({
      path: '/events',
      send: async () => {
        calls += 1;
        throw new TypeError('failed to fetch');
      },
      onOpen: () => {},
      onEvent: () => {},
      onLost: () => log.push('lost'),
      onRefused: () => log.push('refused'),
    }),
  );
  await vi.advanceTimersByTimeAsync(2999);
  expect(calls).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(calls).toBe(2);
  expect(log).toEqual(['lost', 'lost']);
});

test.each([
  [401, 'application/problem+json'],
  [204, 'text/event-stream'],
  [503, 'text/event-stream'],
  [200, 'text/html'],
])('a response with status %s and %s is a refusal', async (status, type) => {
  opened();
  await until(() => responses.length > 0);
  responses[0]?.writeHead(status, { 'content-type': type }).end();
  await logged('refused');
});

test('a closed stream is aborted, and neither reports its end nor connects again', async () => {
  const close = opened();
  const response = await accepted(0);
  response.write('retry: 1\ndata: 1\n\n');
  await logged('open', 'message 1');
  close();
  await once(response, 'close');
  expect(log).toEqual(['open', 'message 1']);
  expect(requests).toHaveLength(1);
});

test('a stream that is closed by the handler of an event passes on no further one', async () => {
  const close = opened((_, data) => {
    log.push(data);
    close();
  });
  (await accepted(0)).write('data: 1\n\ndata: 2\n\n');
  await until(() => responses[0]?.destroyed === true);
  expect(log).toEqual(['open', '1']);
});

test('a fault in a handler is reported, and the next event is handled', async () => {
  const faults: unknown[] = [];
  vi.stubGlobal('reportError', (fault: unknown) => faults.push(fault));
  onTestFinished(() => void vi.unstubAllGlobals());
  opened((_, data) => log.push(String(JSON.parse(data))));
  (await accepted(0)).write('data: {\n\ndata: 2\n\n');
  await logged('open', '2');
  expect(faults).toEqual([expect.any(SyntaxError)]);
});
