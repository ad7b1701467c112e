import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { discardUnreadBody } from '../../../src/gateway/edge/body.ts';
import { rawRequest } from '../../support/raw-http.ts';

const MIB = 1024 * 1024;

/** What a handler does with a body before it responds. */
const HANDLERS: [string, (incoming: IncomingMessage, respond: () => void) => void][] = [
  ['that nobody reads', (_incoming, respond) => respond()],
  [
    'of which a part has been read',
    (incoming, respond) =>
      void incoming.once('data', () => {
        incoming.pause();
        respond();
      }),
  ],
];

test.for(HANDLERS)(
  'of an endless body %s, little more than 1 MiB is received before the connection is closed',
  async ([, handle]) => {
    const server = createServer((incoming, outgoing) => {
      discardUnreadBody(incoming, outgoing);
      handle(incoming, () => void outgoing.end('refused'));
    });
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');

    const { isClosed, received } = sendEndlessBody((server.address() as AddressInfo).port);
    const [connection] = await accepted;
    await isClosed;
    expect(received()).toMatch(/refused$/);
    expect(connection.bytesRead).toBeGreaterThan(MIB);
    expect(connection.bytesRead).toBeLessThan(2 * MIB);
    server.close();
  },
);

function sendEndlessBody(port: number) {
  const client = connect(port, '127.0.0.1');
  const isClosed = new Promise((resolve) => client.on('error', () => {}).on('close', resolve));
  let received = '';
  client.on('data', (data) => {
    received += data;
  });
  const chunk = Buffer.from(`10000\r\n${'x'.repeat(0x10000)}\r\n`);
  const sendMore = (): void => {
    while (client.writable && client.write(chunk));
  };
  client.write(rawRequest('POST /', 'Transfer-Encoding: chunked'));
  client.on('drain', sendMore);
  sendMore();
  return { isClosed, received: () => received };
}
