import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { responseBody } from '../load/response.ts';

/* The upstream of the calm bench: it reads a body of any length and sends one page of transactions. */

process.once('disconnect', () => process.exit());
const body = responseBody();

const server = createServer((incoming, outgoing) => {
  incoming.resume();
  incoming.once('end', () => {
    outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    outgoing.end(body);
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
