import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Upstream {
  url: string;
  server: Server;
  /** How many requests it has received. */
  readonly count: number;
  /** Handles requests from now on. */
  respondWith(listener: RequestListener): void;
  close(): Promise<void>;
}

/** An HTTP server behind the gateway that counts requests, and can do what the demo bank does not. */
export async function startUpstream(listener: RequestListener = respondEmpty): Promise<Upstream> {
  let count = 0;
  let handle = listener;
  const server = createServer((incoming, outgoing) => {
    count += 1;
    handle(incoming, outgoing);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get count() {
      return count;
    },
    respondWith: (next) => {
      handle = next;
    },
    close: async () => {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

const respondEmpty: RequestListener = (_incoming, outgoing) => {
  outgoing.setHeader('content-type', 'application/json');
  outgoing.end('{}');
};
