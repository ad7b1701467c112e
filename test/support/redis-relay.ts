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
  /** From now on, connections that have subscribed receive nothing, and stay open. */
  silenceSubscribers(): void;
  /** Whether new connections are closed at once from now on. Open ones are kept. */
  refuseNew(isRefused: boolean): void;
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
  const [subscribed, silent] = [new Set<Socket>(), new Set<Socket>()];
  let delayMs = 0;
  let refuses = false;
  let hold: Hold | undefined;
  const server = createServer((near) => {
    if (refuses) return void near.destroy();
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
      if (part.includes('SUBSCRIBE')) subscribed.add(near);
      if (hold !== undefined && hold.near === undefined && part.includes(hold.text)) {
        Object.assign(hold, { near, send: (kept: Buffer) => far.write(kept) });
        hold.onHeld();
      }
      if (hold?.near === near) hold.parts.push(part);
      else far.write(part);
    });
    far.on('data', (chunk) => {
      if (!silent.has(near)) setTimeout(() => near.write(chunk), delayMs);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    delayReplies: (byMs) => {
      delayMs = byMs;
    },
    silenceSubscribers: () => {
      for (const socket of subscribed) silent.add(socket);
    },
    refuseNew: (isRefused) => {
      refuses = isRefused;
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
  /** Replies with these bytes from now on, except to the commands by which a process checks the server. */
  respondWith(bytes: string | Buffer): void;
  close(): Promise<void>;
}

/** Replies that pass the check of a new connection. */
const CHECK_REPLIES: Record<string, string> = {
  HELLO: '*8\r\n+server\r\n+redis\r\n+version\r\n+7.0.15\r\n+mode\r\n+standalone\r\n+role\r\n+master\r\n',
  INFO: '$0\r\n\r\n',
  CONFIG: '*0\r\n',
  TIME: '-NOPERM\r\n',
  EVAL: ':1\r\n',
  EVAL_RO: '*0\r\n',
};

/** A server that replies to nearly everything with the same bytes, as no Redis would. */
export async function startFakeRedis(): Promise<FakeRedis> {
  const sockets = new Set<Socket>();
  let reply: string | Buffer = '+PONG\r\n';
  const server = createServer((socket) => {
    sockets.add(socket.setNoDelay());
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (part: Buffer) => {
      const names = [...part.toString('latin1').matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)].map(
        ([, name = '']) => name,
      );
      const checks = names.flatMap((name) => CHECK_REPLIES[name] ?? []);
      socket.write(checks.join(''));
      if (checks.length < names.length || names.length === 0) socket.write(reply);
    });
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
