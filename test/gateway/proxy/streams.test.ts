import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { gatewaySettings } from '../../../src/config/load.ts';
import { UpstreamProxy } from '../../../src/gateway/proxy/proxy.ts';
import { RawConnection, rawRequest } from '../../support/raw-http.ts';
import { startUpstream } from '../../support/upstream.ts';
import { relay } from './relay.ts';

test('a stream that is closed while its client lags is not written to again, and the upstream request is aborted', async () => {
  let events: ServerResponse | undefined;
  const closed = Promise.withResolvers<void>();
  const upstream = await startUpstream((_incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
    outgoing.on('close', closed.resolve);
    events = outgoing;
  });
  const proxy = new UpstreamProxy(gatewaySettings({ BANK_URL: upstream.url }));
  let response: ServerResponse | undefined;
  let endStream: (() => void) | undefined;
  const front = createServer((incoming, outgoing) => {
    response = outgoing;
    const onLiveResponse = (end?: () => void): void => {
      endStream = end;
    };
    void relay(proxy, incoming, outgoing, { onRefusal: () => {}, onLiveResponse });
  }).listen(0, '127.0.0.1');
  await once(front, 'listening');
  const client = new RawConnection(`http://127.0.0.1:${(front.address() as AddressInfo).port}`);
  client.send(rawRequest('GET /')).socket.pause();

  while (response === undefined || response.writableLength === 0 || !response.headersSent) {
    events?.write(Buffer.alloc(16_000));
    await turn();
  }
  const faults: Error[] = [];
  response.on('error', (fault) => faults.push(fault));
  expect(response.writableNeedDrain).toBe(false);
  endStream?.();
  events?.write(Buffer.alloc(16_000));
  await closed.promise;
  expect(faults).toEqual([]);

  client.destroy();
  front.close();
  proxy.close();
  await upstream.close();
});
