import { createServer, type Socket } from 'node:net';
import { announceServer } from '../processes/announce.ts';
import { RESPONSE_BYTES, responseBody, type UpstreamPath } from './response.ts';

const PREFIX = '/bank';
const HEAD_END = '\r\n\r\n';

/**
 * The upstream of every compared server. It writes the responses of a Node.js server directly to the socket: it shares
 * its core with the load and must not be the bottleneck. Requests arrive one at a time per connection, and a
 * body has a `content-length`. The path `/accounts/1/stream` begins an event stream that never ends.
 */
const RESPONSES = new Map(
  (Object.keys(RESPONSE_BYTES) as UpstreamPath[]).map((path) => [path as string, responseTo(path)]),
);
const NOT_FOUND = Buffer.from('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
const STREAM = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n6\r\n:open\n\r\n',
);
const STREAM_PATH = '/accounts/1/stream';

function responseTo(path: UpstreamPath): Buffer {
  const body = responseBody(path);
  const head = [
    'HTTP/1.1 200 OK',
    'content-type: application/json',
    `content-length: ${body.length}`,
    `date: ${new Date().toUTCString()}`,
    'connection: keep-alive',
    'keep-alive: timeout=120',
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}${HEAD_END}`), body]);
}

function respond(socket: Socket, head: string): void {
  const target = head.slice(head.indexOf(' ') + 1, head.indexOf(' HTTP/'));
  // Contestants that only forward leave the prefix in place.
  const path = target.startsWith(PREFIX) ? target.slice(PREFIX.length) : target;
  socket.write(path === STREAM_PATH ? STREAM : (RESPONSES.get(path) ?? NOT_FOUND));
}

const server = createServer({ noDelay: true }, (socket) => {
  let received = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    const headEnd = received.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const head = received.slice(0, headEnd + 2);
    const bodyBytes = head.startsWith('GET ') ? 0 : bodyLength(head);
    if (received.length < headEnd + HEAD_END.length + bodyBytes) return;
    received = '';
    respond(socket, head);
  });
});

const bodyLength = (head: string): number => Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);

server.listen(0, '127.0.0.1', () => announceServer(server));
