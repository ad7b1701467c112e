import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Relay {
  port: number;
  /** Cuts all connections, whatever is on its way. New ones are accepted. */
  cut(): void;
  /** Forwards nothing any more, but keeps the connections open, and accepts new ones. */
  stall(): void;
  /** Forwards nothing any more on the connections that are open now, and leaves them open. New ones work. */
  silence(): void;
  /** Forwards again, first what was held. */
  resume(): void;
  close(): Promise<void>;
}

/** A TCP relay to a port of this machine. */
export async function startRelay(port: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let isStalled = false;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.on('data', (part) => other.write(part));
      if (isStalled) socket.pause();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const silence = (): void => {
    for (const socket of sockets) socket.pause();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    stall: () => {
      isStalled = true;
      silence();
    },
    silence,
    resume: () => {
      isStalled = false;
      for (const socket of sockets) socket.resume();
    },
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
