import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';
import { announceServer, environment } from './peer.ts';

/** A proxy without any checks: the cost of forwarding alone, and so the lower bound for the others. */
const pool = new Pool(environment.BANK_URL, { connections: 256, pipelining: 1 });

const server = createServer({ noDelay: true }, (incoming: IncomingMessage, outgoing: ServerResponse) => {
  pool.dispatch(
    {
      method: incoming.method as Dispatcher.HttpMethod,
      path: incoming.url ?? '/',
      headers: incoming.rawHeaders,
      body: null,
    },
    relayTo(outgoing),
  );
});

const relayTo = (outgoing: ServerResponse): Dispatcher.DispatchHandler => ({
  onRequestStart() {},
  onResponseStart(_controller, status, headers: IncomingHttpHeaders) {
    const { connection: _connection, 'keep-alive': _keepAlive, ...passed } = headers;
    outgoing.writeHead(status, passed);
  },
  onResponseData(_controller, chunk) {
    outgoing.write(chunk);
  },
  onResponseEnd() {
    outgoing.end();
  },
  onResponseError(_controller, error) {
    outgoing.destroy(error);
  },
});

server.listen(0, '127.0.0.1', () => announceServer(server));
