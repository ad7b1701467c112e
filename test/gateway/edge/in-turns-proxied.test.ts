import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Connections } from '../../../src/gateway/edge/connections.ts';
import { inTurns } from '../../../src/gateway/edge/in-turns.ts';
import { parseRanges } from '../../../src/http/addresses.ts';

/** Requests that a proxy has forwarded, in the order of the addresses of their clients, without a response. */
async function forwardedRequests(addresses: readonly string[]) {
  const requests: [IncomingMessage, ServerResponse][] = [];
  const server = createServer((...request) => void requests.push(request)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bank/accounts`;
  const responses: Promise<Response>[] = [];
  for (const address of addresses) {
    const received = once(server, 'request');
    responses.push(fetch(url, { headers: { 'x-forwarded-for': address } }));
    await received;
  }
  const close = async (): Promise<void> => {
    for (const [, outgoing] of requests) outgoing.end();
    await Promise.all(responses);
    server.close();
  };
  return { requests, close };
}

test('requests from many /64s of one IPv6 /48 behind a proxy delay no client of another network', async () => {
  const flood = Array.from({ length: 40 }, (_, n) => `2001:db8:0:${n}::1`);
  const addresses = [...flood, '192.0.2.1'];
  const { requests, close } = await forwardedRequests(addresses);
  const ofProxy = { of: () => ({ networks: [] }) } as unknown as Connections;
  const trustedProxies = parseRanges(['127.0.0.1']) ?? [];
  const { begin } = inTurns(ofProxy, { trustedProxies });
  const begun: (string | undefined)[] = [];
  requests.forEach(([incoming, outgoing], n) => {
    begin(incoming, outgoing, () => void begun.push(addresses[n]));
  });
  while (begun.length < addresses.length) await nextTurn();
  expect(begun.indexOf('192.0.2.1')).toBeLessThan(4);
  await close();
});
