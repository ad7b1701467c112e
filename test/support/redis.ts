import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalRedis, startLocalRedis } from '../../src/dev/redis/local-server.ts';
import { serverBinary } from '../../src/dev/redis/start.ts';
import { Refusal } from '../../src/refusal.ts';
import { freePort } from './ports.ts';
import { commandsDuring, connected } from './redis-commands.ts';

export interface TestRedis {
  /** `unix:///…` */
  url: string;
  /** `redis://127.0.0.1:…`, if `tcp` was set. */
  tcpUrl: string | undefined;
  /** The process id of the server. It changes with `restart`. */
  readonly pid: number;
  /** Suspends the server (SIGSTOP): connections stay open, but get no replies. */
  freeze(): void;
  thaw(): void;
  /** Kills the server (SIGKILL) and resolves when it has ended. */
  kill(): Promise<void>;
  /** Stops the server in any state and starts one with the same addresses: empty, unless `persist` was set. */
  restart(): Promise<void>;
  /** The names of the commands that Redis executes while `act` runs. See `commandsDuring`. */
  commandsDuring(act: () => Promise<unknown>): Promise<string[]>;
  /** Every key with its type and whole value as text. */
  dump(): Promise<Map<string, string>>;
  flush(): Promise<void>;
  /** Stops the server in any state and deletes its directory. */
  stop(): Promise<void>;
}

/** A private, empty Redis in a temporary directory. */
export async function startTestRedis({ persist = false, tcp = false } = {}): Promise<TestRedis> {
  const binary = await serverBinary(process.env);
  if (binary instanceof Refusal) throw new Error(`no Redis for the tests: ${binary.detail}`);
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-test-'));
  const port = tcp ? await freePort() : 0;
  const start = (): Promise<LocalRedis> => startLocalRedis({ binary, directory, persist, port });
  let server = await start();
  const { url } = server;
  const end = async (): Promise<void> => {
    signal(server.pid, 'SIGCONT');
    await server.stop();
  };
  return {
    url,
    tcpUrl: tcp ? `redis://127.0.0.1:${port}` : undefined,
    get pid() {
      return server.pid;
    },
    freeze: () => signal(server.pid, 'SIGSTOP'),
    thaw: () => signal(server.pid, 'SIGCONT'),
    kill: async () => {
      signal(server.pid, 'SIGKILL');
      await server.ended;
    },
    restart: async () => {
      await end();
      server = await start();
    },
    commandsDuring: (act) => commandsDuring(url, act),
    dump: () => withClient(url, dumpAll),
    flush: () => withClient(url, async (client) => void (await client.flushAll())),
    stop: async () => {
      await end();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

type Client = Awaited<ReturnType<typeof connected>>;

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connected(url);
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}

async function dumpAll(client: Client): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for await (const keys of client.scanIterator({ COUNT: 1000 }))
    for (const key of keys) all.set(key, await dumpOne(client, key));
  return all;
}

async function dumpOne(client: Client, key: string): Promise<string> {
  const type = await client.type(key);
  const read: Record<string, string[]> = {
    string: ['GET', key],
    hash: ['HGETALL', key],
    list: ['LRANGE', key, '0', '-1'],
    set: ['SMEMBERS', key],
    zset: ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
    stream: ['XRANGE', key, '-', '+'],
  };
  const command = read[type];
  if (command === undefined) throw new Error(`a key of the unexpected type ${type}`);
  return `${type} ${JSON.stringify(await client.sendCommand(command))}`;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // The process has already ended.
  }
}
