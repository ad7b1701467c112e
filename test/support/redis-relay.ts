import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface RedisRelay {
  /** Where the relay listens, as a `redis://` URL. */
  url: string;
  /** Delays each part of a reply by this much from now on. */
  delayReplies(byMs: number): void;
  /**
   * Holds back what a client sends, from the first part that contains `text`. Even if the client closes the connection
   * in the meantime, Redis receives it when it is released.
   */
  hold(text: string): HeldCommand;
  close(): Promise<void>;
}

export interface HeldCommand {
  /** Resolves when the part has arrived. */
  held: Promise<void>;
  release(): void;
}

/** A hold that no client has reached yet, or that keeps the parts of one connection. */
interface Hold {
  text: string;
  onHeld: () => void;
  near?: Socket;
  parts: Buffer[];
  send?: (part: Buffer) => void;
}

/** A relay between the gateway and Redis that can be slow. */
export async function startRedisRelay(redisUrl: string): Promise<RedisRelay> {
  const { hostname, port } = new URL(redisUrl);
  const sockets = new Set<Socket>();
  let delayMs = 0;
  let hold: Hold | undefined;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        if (hold?.near !== near) other.destroy();
      });
    }
    near.on('data', (part: Buffer) => {
      if (hold !== undefined && hold.near === undefined && part.includes(hold.text)) {
        Object.assign(hold, { near, send: (kept: Buffer) => far.write(kept) });
        hold.onHeld();
      }
      if (hold?.near === near) hold.parts.push(part);
      else far.write(part);
    });
    far.on('data', (chunk) => setTimeout(() => near.write(chunk), delayMs));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    delayReplies: (byMs) => {
      delayMs = byMs;
    },
    hold: (text) => {
      const { promise: held, resolve: onHeld } = Promise.withResolvers<void>();
      const started: Hold = { text, onHeld, parts: [] };
      hold = started;
      const release = (): void => {
        if (hold === started) hold = undefined;
        for (const part of started.parts.splice(0)) started.send?.(part);
      };
      return { held, release };
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface FakeRedis {
  url: string;
  /** Replies to all data with these bytes from now on. */
  respondWith(bytes: string | Buffer): void;
  close(): Promise<void>;
}

/** A server that replies to everything with the same bytes, as no Redis would. */
export async function startFakeRedis(): Promise<FakeRedis> {
  const sockets = new Set<Socket>();
  let reply: string | Buffer = '+PONG\r\n';
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', () => socket.write(reply));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    respondWith: (bytes) => {
      reply = bytes;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
