import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from 'redis';
import { type LocalRedis, startLocalRedis } from '../../src/dev/redis/local-server.ts';
import type { ServerBinary } from '../../src/dev/redis/server-binary.ts';

export interface ClusterNode {
  /** The id in the Cluster, 40 hexadecimal digits. */
  readonly id: string;
  readonly port: number;
  readonly busPort: number;
  /** `127.0.0.1:<port>` */
  readonly address: string;
  /** The process id. It changes with `restart`. */
  readonly pid: number;
  /** Whether the node is neither killed nor frozen. */
  readonly isUp: boolean;
  /** Runs commands on a connection of the test's own. It must reply within five seconds. */
  run<T>(work: (client: NodeClient) => Promise<T>): Promise<T>;
  /** Kills the node (SIGKILL) and resolves when it has ended. */
  kill(): Promise<void>;
  /** Suspends the node (SIGSTOP): connections stay open, but get no replies. */
  freeze(): void;
  thaw(): void;
  /** Starts the node again after `kill`, with the data and the place in the Cluster that it had. */
  restart(): Promise<void>;
  /** Stops the node in any state. */
  stop(): Promise<void>;
}

interface NodeOptions {
  binary: ServerBinary;
  directory: string;
  port: number;
  busPort: number;
  options: readonly string[];
}

const ANSWER_TIMEOUT_MS = 5000;

export type NodeClient = ReturnType<typeof clientOf>;

/** Starts one node of a Cluster, which knows no other yet. */
export async function startClusterNode(settings: NodeOptions): Promise<ClusterNode> {
  const { binary, port, busPort } = settings;
  const directory = join(settings.directory, `${port}`);
  await mkdir(directory);
  const options = ['--cluster-enabled', 'yes', '--cluster-port', `${busPort}`, ...settings.options];
  const start = (): Promise<LocalRedis> =>
    startLocalRedis({ binary, directory, port, persist: true, options });
  let server = await start();
  let isUp = true;
  const control = new ControlConnection(server.url);
  const signal = (name: NodeJS.Signals): void => {
    isUp = name === 'SIGCONT';
    process.kill(server.pid, name);
  };
  return {
    id: await control.run((client) => client.clusterMyId()),
    port,
    busPort,
    address: `127.0.0.1:${port}`,
    get pid() {
      return server.pid;
    },
    get isUp() {
      return isUp;
    },
    run: (work) => control.run(work),
    kill: async () => {
      signal('SIGKILL');
      await server.ended;
      await control.close();
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    restart: async () => {
      server = await start();
      isUp = true;
    },
    stop: async () => {
      try {
        process.kill(server.pid, 'SIGKILL');
      } catch {
        // The process has already ended.
      }
      await server.stop();
      await control.close();
    },
  };
}

function clientOf(url: string) {
  return createClient({
    RESP: 2,
    disableClientInfo: true,
    commandOptions: { timeout: ANSWER_TIMEOUT_MS },
    socket: {
      path: url.slice('unix://'.length),
      tls: false,
      connectTimeout: ANSWER_TIMEOUT_MS,
      reconnectStrategy: false,
    },
  });
}

/** One connection for the test itself, which is opened when it is first used and after each loss. */
class ControlConnection {
  readonly #url: string;
  #client: Promise<NodeClient> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  async run<T>(work: (client: NodeClient) => Promise<T>): Promise<T> {
    this.#client ??= this.#open();
    return work(await this.#client);
  }

  /** Closes the connection. The next command opens another one. */
  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    if (client?.isOpen === true) client.destroy();
  }

  async #open(): Promise<NodeClient> {
    const client = clientOf(this.#url);
    client.on('error', () => {});
    client.on('end', () => {
      this.#client = undefined;
    });
    return client.connect().catch((fault: unknown) => {
      this.#client = undefined;
      throw fault;
    });
  }
}
