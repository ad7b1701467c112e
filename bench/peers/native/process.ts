import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endServer, spawnWatched } from '../../../src/dev/redis/server-process.ts';
import type { RunningServer } from '../../contestant.ts';

const START_TIMEOUT_MS = 20_000;
const POLL_MS = 20;
/** The kernel gives connections and servers without a port others than these: 32,768 to 60,999 on Linux. */
const FIRST_PORT = 12_000;
const LAST_PORT = 31_999;

export interface NativeProgram {
  /** The name in errors, and of the log file. */
  name: string;
  path: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** The port of 127.0.0.1 on which it listens. */
  port: number;
  /** The working directory, and that of the log file. */
  directory: string;
}

/**
 * Starts a program on one core and resolves when it listens. It ends with this process, even if that is killed.
 * @throws with the last lines of its log if it does not start
 */
export async function startNative(core: number, program: NativeProgram): Promise<RunningServer> {
  const { name, path, args, env, port, directory } = program;
  const logFile = join(directory, `${name}.log`);
  const pinned = ['-c', `${core}`, path, ...args];
  const server = await spawnWatched({ path: 'taskset', env }, pinned, directory, logFile);
  const ended: { how?: string } = {};
  void server.ended.then((how) => {
    ended.how = how;
  });
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  while (!(await isListening(port))) {
    if (ended.how === undefined && Date.now() < deadlineMs) {
      await delay(POLL_MS);
      continue;
    }
    await endServer(server);
    const log = await readFile(logFile, 'utf8');
    throw new Error(
      `${name} did not start: ${ended.how ?? 'it did not listen in time'}\n${log.slice(-1000)}`,
    );
  }
  return { url: `http://127.0.0.1:${port}`, pids: [server.pid], stop: () => endServer(server) };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A free port of 127.0.0.1, for programs that have to be told one. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
      return port;
    } catch {
      // Another server has it.
    } finally {
      await new Promise((closed) => server.close(closed));
    }
  }
}
