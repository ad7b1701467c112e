import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface RedisSwitch {
  /** Where it listens, as a `redis://` URL. */
  url: string;
  /** Leads to this server from now on. Open connections are cut. */
  leadTo(redisUrl: string): void;
  close(): Promise<void>;
}

/** An address that leads to one server and then to another, like a virtual IP address. */
export async function startRedisSwitch(): Promise<RedisSwitch> {
  const sockets = new Set<Socket>();
  let target: URL | undefined;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((near) => {
    if (target === undefined) {
      near.destroy();
      return;
    }
    const far = connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo: (redisUrl) => {
      target = new URL(redisUrl);
      cut();
    },
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
