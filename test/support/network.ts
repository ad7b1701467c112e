import { Worker } from 'node:worker_threads';
import type { NetworkRequest } from './network-thread.ts';

/** The source address of connections of the gateway, the bank and the tests. */
export const CLIENTS = '127.0.0.1';

/** A TCP address that leads to a server's unix socket, unless the connection between them is cut. */
export interface NetworkRelay {
  /** On 127.0.0.1. */
  port: number;
  /** Stops all connections from a source address, without closing them. New ones are opened, but get no reply. */
  cut(from: string): Promise<void>;
  heal(from: string): Promise<void>;
  /** Delays what the server sends to a source address. */
  delay(from: string, byMs: number): Promise<void>;
}

/** A network whose connections can be cut by source and destination. It runs in a thread of its own. */
export interface Network {
  relayTo(socketPath: string): Promise<NetworkRelay>;
  close(): Promise<void>;
}

export function startNetwork(): Network {
  const thread = new Worker(new URL('./network-thread.ts', import.meta.url));
  thread.unref();
  const pending = new Map<number, (port: number) => void>();
  thread.on('message', ({ id, port }: { id: number; port: number }) => {
    pending.get(id)?.(port);
    pending.delete(id);
  });
  let requests = 0;
  let relays = 0;
  const ask = (request: NetworkRequest): Promise<number> => {
    const { promise, resolve } = Promise.withResolvers<number>();
    requests += 1;
    pending.set(requests, resolve);
    thread.postMessage({ ...request, id: requests });
    return promise;
  };
  return {
    relayTo: async (socketPath) => {
      relays += 1;
      const relay = relays;
      const port = await ask({ do: 'open', relay, socketPath });
      return {
        port,
        cut: async (from) => void (await ask({ do: 'cut', relay, from })),
        heal: async (from) => void (await ask({ do: 'heal', relay, from })),
        delay: async (from, delayMs) => void (await ask({ do: 'delay', relay, from, delayMs })),
      };
    },
    close: async () => void (await thread.terminate()),
  };
}
