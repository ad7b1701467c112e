import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { ConcurrencyLimiter } from '../../../src/gateway/pipeline/limits.ts';

test('a client that leaves while its request is checked does not use up its limit', async () => {
  const concurrencyLimiter = new ConcurrencyLimiter(1);
  const responses: ServerResponse[] = [];
  const server = createServer((_incoming, outgoing) => void responses.push(outgoing)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(server, 'request');
  const [left] = responses;
  if (left === undefined) throw new Error('no request came');
  client.destroy();
  await once(left, 'close');
  expect(concurrencyLimiter.tryAcquire('one', left)).toBe(true);

  const sent = fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await once(server, 'request');
  const stays = responses.at(-1);
  if (stays === undefined || stays === left) throw new Error('no other request came');
  expect(concurrencyLimiter.tryAcquire('one', stays)).toBe(true);
  expect(concurrencyLimiter.tryAcquire('one', stays)).toBe(false);
  stays.end();
  await sent;
  server.close();
});
