import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Upstream {
  url: string;
  server: Server;
  /** How many requests have arrived. */
  readonly count: number;
  /** What answers from now on. */
  answerWith(listener: RequestListener): void;
  close(): Promise<void>;
}

/** An HTTP server behind the gateway that counts what reaches it, for what the bank has no reason to do. */
export async function startUpstream(listener: RequestListener = answerEmpty): Promise<Upstream> {
  let count = 0;
  let answer = listener;
  const server = createServer((incoming, outgoing) => {
    count += 1;
    answer(incoming, outgoing);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get count() {
      return count;
    },
    answerWith: (next) => {
      answer = next;
    },
    close: async () => {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

const answerEmpty: RequestListener = (_incoming, outgoing) => {
  outgoing.setHeader('content-type', 'application/json');
  outgoing.end('{}');
};
