import { createServer } from 'node:net';
import { answerBody } from './answer.ts';
import { announceServer } from './peers/peer.ts';

/**
 * What every compared server forwards to. It says what a Node server says, but straight on the socket: it shares
 * its core with the load and must not be what everybody waits for. Requests have no bodies and come one at a time.
 */
const body = answerBody();
const head = [
  'HTTP/1.1 200 OK',
  'content-type: application/json',
  `content-length: ${body.length}`,
  `date: ${new Date().toUTCString()}`,
  'connection: keep-alive',
  'keep-alive: timeout=120',
];
const answer = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
const REQUEST_END = '\r\n\r\n';

const server = createServer({ noDelay: true }, (socket) => {
  let received = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    if (!received.endsWith(REQUEST_END)) return;
    received = '';
    socket.write(answer);
  });
});

server.listen(0, '127.0.0.1', () => announceServer(server));
