import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gatewaySettings } from '../../../src/config/load.ts';
import { LiveResponses } from '../../../src/gateway/proxy/live-responses.ts';
import { UpstreamProxy } from '../../../src/gateway/proxy/proxy.ts';
import { createLog } from '../../../src/log.ts';
import { RedisLink } from '../../../src/redis/connection.ts';
import { Subscriber } from '../../../src/redis/subscriber.ts';
import { openSessionStore, type SessionStore } from '../../sessions/session-store.ts';
import { bearer, startTestGateway } from '../../support/gateway.ts';
import { logIn } from '../../support/sessions.ts';
import { until } from '../../support/until.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { relay } from './relay.ts';

const LARGE = Buffer.alloc(100_000);

let upstream: Upstream;
let store: SessionStore;
beforeAll(async () => {
  upstream = await startUpstream();
  store = await openSessionStore();
});
afterAll(async () => {
  await store.close();
  await upstream.close();
});

test('a thousand requests, short, long or aborted by either side, leave no watched response behind', async () => {
  const { redis, ring } = store.one;
  const log = createLog('gateway', 'silent');
  const link = new RedisLink({ url: store.redis.url, deadlineMs: 900, log });
  const subscriber = new Subscriber({ link, log });
  const responses = new LiveResponses({ redis, subscriber, ring, log, now: Date.now });
  const { claims } = await store.start(await store.addUser());
  const authorization = { role: 'user', generation: 0 } as const;
  const ground = { claims, kid: ring.at(Date.now()).signing.kid, authorization, address: '192.0.2.1' };
  const proxy = new UpstreamProxy(gatewaySettings({ BANK_URL: upstream.url }));
  const front = createServer((incoming, outgoing) => {
    void relay(proxy, incoming, outgoing, {
      onRefusal: () => outgoing.writeHead(502).end(),
      onLiveResponse: () => responses.watch(outgoing, ground),
    });
  }).listen(0, '127.0.0.1');
  await once(front, 'listening');
  upstream.respondWith(({ url }, outgoing) => {
    if (url === '/short') outgoing.writeHead(200, { 'content-length': 2 }).end('{}');
    else if (url === '/none') outgoing.writeHead(204).end();
    else if (url === '/large') outgoing.writeHead(200, { 'content-length': LARGE.length }).end(LARGE);
    else outgoing.writeHead(200).write('begun');
    if (url === '/chunked') outgoing.end('{}');
    if (url === '/broken') outgoing.destroy();
  });

  const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  const leaving = new AbortController();
  const goes = await fetch(`${url}/endless`, { signal: leaving.signal });
  await until(() => responses.size === 1);
  const ways = ['/short', '/none', '/large', '/chunked', '/broken'];
  for (let sent = 0; sent < 1000; sent += 25)
    await Promise.all(
      Array.from({ length: 25 }, (_, i) =>
        fetch(url + ways[i % ways.length])
          .then(
            (response) => response.arrayBuffer(),
            () => {},
          )
          .catch(() => {}),
      ),
    );
  await until(() => responses.size === 1);
  leaving.abort();
  await goes.text().catch(() => {});
  await until(() => responses.size === 0);

  responses.close();
  front.close();
  proxy.close();
  subscriber.close();
});

test('a response that begins after its session was ended is closed within a second', async () => {
  const gateway = await startTestGateway({ BANK_URL: upstream.url });
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  upstream.respondWith(async (_incoming, outgoing) => {
    await released;
    outgoing.writeHead(200, { 'content-length': 1_000_000 }).write('begun');
  });
  const { access_token } = await logIn(gateway.url);
  const before = upstream.count;
  const asked = fetch(`${gateway.url}/bank/accounts`, { headers: bearer(access_token) });
  await until(() => upstream.count > before);
  await fetch(`${gateway.url}/auth/logout`, { method: 'POST', headers: bearer(access_token) });
  release();
  const response = await asked;
  const startedAt = performance.now();
  await expect(response.arrayBuffer()).rejects.toThrow();
  expect(performance.now() - startedAt).toBeLessThan(1000);
  await gateway.close();
});
