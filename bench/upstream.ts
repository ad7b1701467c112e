import { createServer } from 'node:net';
import { announceServer } from './processes/announce.ts';
import { responseBody } from './response.ts';

/**
 * The upstream of every compared server. It writes the response of a Node.js server directly to the socket: it shares its
 * core with the load and must not be the bottleneck. Requests have no bodies and arrive one at a time per connection.
 */
const body = responseBody();
const head = [
  'HTTP/1.1 200 OK',
  'content-type: application/json',
  `content-length: ${body.length}`,
  `date: ${new Date().toUTCString()}`,
  'connection: keep-alive',
  'keep-alive: timeout=120',
];
const response = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
const REQUEST_END = '\r\n\r\n';

const server = createServer({ noDelay: true }, (socket) => {
  let received = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    if (!received.endsWith(REQUEST_END)) return;
    received = '';
    socket.write(response);
  });
});

server.listen(0, '127.0.0.1', () => announceServer(server));
