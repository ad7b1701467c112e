import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from 'redis';
import type { ServerBinary } from '../../src/dev/redis/server-binary.ts';
import { SOCKET_NAME, spawnWatched } from '../../src/dev/redis/server-process.ts';
import type { Network, NetworkRelay } from './network.ts';
import { until } from './until.ts';

/** A data server or a Sentinel. It listens on a unix socket, and on TCP through a relay of the network. */
export interface RedisNode {
  /** `127.0.0.1:<port>`, through the relay: what the other nodes and the clients know it by. */
  address: string;
  /** `unix:///…`, which no partition affects. */
  url: string;
  /** The source address of the node's own connections. */
  source: string;
  relay: NetworkRelay;
  /** The process id. It changes when the node is started again. */
  readonly pid: number;
  /** Kills it (SIGKILL) and resolves when it has ended. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, with the configuration that it has rewritten since. */
  start(): Promise<void>;
  /** Suspends it (SIGSTOP). */
  freeze(): void;
  thaw(): void;
  /** Runs a command on the unix socket. */
  command(...words: string[]): Promise<unknown>;
  /** The fields of `INFO`. */
  info(section?: string): Promise<Map<string, string>>;
  stop(): Promise<void>;
}

export interface RedisNodeOptions {
  binary: ServerBinary;
  network: Network;
  /** Created. Its path is short enough for a socket. */
  directory: string;
  /** An address in 127.0.0.0/8 that no other node has. Linux gives all of them to the loopback interface. */
  source: string;
  /** Whether it is a Sentinel and no data server. */
  isSentinel?: boolean;
  /** The lines of the configuration file, given the port of the relay. */
  configuration: (port: number) => readonly string[];
}

/** Starts a server and resolves when it responds. */
export async function startRedisNode(options: RedisNodeOptions): Promise<RedisNode> {
  const { binary, network, directory, source, isSentinel = false, configuration } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const socketPath = join(directory, SOCKET_NAME);
  const relay = await network.relayTo(socketPath);
  const common = ['port 0', `unixsocket ${socketPath}`, 'unixsocketperm 700', `bind-source-addr ${source}`];
  const file = join(directory, 'redis.conf');
  await writeFile(file, `${[...common, `dir ${directory}`, ...configuration(relay.port)].join('\n')}\n`);
  const words = isSentinel ? [file, '--sentinel'] : [file];
  const command = (...args: string[]): Promise<unknown> => commandOn(socketPath, args);
  const spawned = async () => {
    const server = await spawnWatched(binary, words, directory, join(directory, 'log'));
    await until(async () => (await command('PING').catch(() => '')) === 'PONG', 10_000);
    return server;
  };
  let server = await spawned();
  const signal = (name: NodeJS.Signals) => void server.child.kill(name);
  const kill = async (): Promise<void> => {
    signal('SIGKILL');
    await server.ended;
  };
  return {
    address: `127.0.0.1:${relay.port}`,
    url: `unix://${socketPath}`,
    source,
    relay,
    get pid() {
      return server.pid;
    },
    kill,
    start: async () => {
      server = await spawned();
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    command,
    info: async (section = 'default') => fieldsOf(String(await command('INFO', section))),
    stop: kill,
  };
}

async function commandOn(path: string, words: string[]): Promise<unknown> {
  const client = createClient({
    RESP: 2,
    disableClientInfo: true,
    socket: { path, tls: false, connectTimeout: 2000, reconnectStrategy: false },
  });
  client.on('error', () => {});
  await client.connect();
  try {
    return await client.sendCommand(words);
  } finally {
    client.destroy();
  }
}

const fieldsOf = (info: string): Map<string, string> =>
  new Map(
    info
      .split('\r\n')
      .filter((line) => line.includes(':'))
      .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
