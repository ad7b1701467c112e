import { once } from 'node:events';
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readEvents } from '../../bank/event-reader.ts';
import { bearer, problemOf, startTestGateway, type TestGateway } from '../../support/gateway.ts';
import { until } from '../../support/until.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const CONNECTIONS = 6;
const PER_USER = 4;
const QUEUE = 3;
const SEARCHES = 2;

let gateway: TestGateway;
let upstream: Upstream;
let printed = '';
let [bobs, alices]: string[] = [];
/** Each sends the response to a request that the upstream has received. */
const waiting: (() => void)[] = [];
const release = (): void => {
  for (const response of waiting.splice(0)) response();
};

beforeAll(async () => {
  upstream = await startUpstream();
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      printed += chunk.toString();
      done();
    },
  });
  const limits = {
    BANK_CONNECTIONS_MAX: String(CONNECTIONS),
    BANK_REQUESTS_PER_USER_MAX: String(PER_USER),
    BANK_STREAMS_PER_USER_MAX: String(PER_USER),
    BANK_QUEUE_MAX: String(QUEUE),
    SEARCHES_PER_USER_MAX: String(SEARCHES),
  };
  gateway = await startTestGateway({ BANK_URL: upstream.url, ...limits }, pino(sink));
  [bobs, alices] = [await gateway.login('bob'), await gateway.login('alice')];
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const get = (token: string | undefined): Promise<Response> =>
  fetch(`${gateway.url}/bank/accounts`, { headers: bearer(token ?? '') });

/** Makes the upstream hold every request, and sends `count` requests of a user. */
async function hold(count: number, token: string | undefined): Promise<Promise<Response>[]> {
  upstream.respondWith((_incoming, outgoing) => void waiting.push(() => outgoing.end('{}')));
  const before = upstream.count;
  const held = Array.from({ length: count }, () => get(token));
  await until(() => upstream.count === before + count);
  return held;
}

test('a user with too many concurrent requests gets a 429, and other users are served', async () => {
  const held = await hold(PER_USER, bobs);
  const before = upstream.count;
  const refused = await get(bobs);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await problemOf(refused)).toEqual({ status: 429, code: 'too_many_requests' });
  expect(upstream.count).toBe(before);
  upstream.respondWith((_incoming, outgoing) => void outgoing.end('{}'));
  expect((await get(alices)).status).toBe(200);
  release();
  for (const response of await Promise.all(held)) expect(response.status).toBe(200);
  expect((await get(bobs)).status).toBe(200);
});

test('a user with too many concurrent searches gets a 429, and their other requests are served', async () => {
  upstream.respondWith((_incoming, outgoing) => void waiting.push(() => outgoing.end('{}')));
  const search = (): Promise<Response> =>
    fetch(`${gateway.url}/bank/accounts/1/transactions/search?q=rent`, { headers: bearer(bobs ?? '') });
  const before = upstream.count;
  const held = Array.from({ length: SEARCHES }, search);
  await until(() => upstream.count === before + SEARCHES);
  const refused = await search();
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await problemOf(refused)).toEqual({ status: 429, code: 'too_many_searches' });
  expect(upstream.count).toBe(before + SEARCHES);
  upstream.respondWith((_incoming, outgoing) => void outgoing.end('{}'));
  expect((await get(bobs)).status).toBe(200);
  release();
  for (const response of await Promise.all(held)) expect(response.status).toBe(200);
  expect((await search()).status).toBe(200);
});

test('a client that leaves while sending a body and waiting for a connection affects no other request', async () => {
  const held = [...(await hold(PER_USER, bobs)), ...(await hold(CONNECTIONS - PER_USER, alices))];
  const upload = connect(Number(new URL(gateway.url).port), '127.0.0.1');
  await once(upload, 'connect');
  const granted = printed.split('/transfers').length;
  upload.write(
    `POST /bank/accounts/1/transfers HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${alices}\r\nContent-Length: 100000\r\n\r\n{`,
  );
  await until(() => printed.split('/transfers').length > granted);
  upload.resetAndDestroy();
  await once(upload, 'close');
  release();
  upstream.respondWith((_incoming, outgoing) => void outgoing.end('{}'));
  await Promise.allSettled(held);
  expect((await get(alices)).status).toBe(200);
});

test('a path of 4 KiB makes a short log line', async () => {
  await fetch(`${gateway.url}${'/a'.repeat(2000)}`);
  await until(() => printed.includes('/a/a/a'));
  const line = printed.split('\n').find((text) => text.includes('/a/a/a')) ?? '';
  expect(line.length).toBeLessThan(700);
});

test('revoked streams are closed and release their share of the limit, even if the client no longer reads', async () => {
  const event = `data: ${'x'.repeat(16_000)}\n\n`;
  upstream.respondWith((_incoming, outgoing) => {
    const flood = (): void => {
      while (!outgoing.destroyed && outgoing.write(event));
    };
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).on('drain', flood);
    flood();
  });
  const [revoked, other] = [await gateway.login('bob'), await gateway.login('bob')];
  const flooded = upstream.count + PER_USER;
  const url = `${gateway.url}/bank/accounts/1/stream`;
  const readers = Array.from({ length: PER_USER }, () => readEvents(url, bearer(revoked), { paused: true }));
  const streams = await Promise.all(readers);
  expect(upstream.count).toBe(flooded);
  const openStream = (): Promise<Response> => fetch(url, { headers: bearer(other) });
  expect(await problemOf(await openStream())).toEqual({ status: 429, code: 'too_many_streams' });
  expect(upstream.count).toBe(flooded);
  upstream.respondWith((_incoming, outgoing) => void outgoing.end('{}'));
  await fetch(`${gateway.url}/auth/logout`, { method: 'POST', headers: bearer(revoked) });
  await until(async () => (await openStream()).status === 200);
  for (const { abort } of streams) abort();
});
