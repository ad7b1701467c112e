import { type ChildProcess, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { ServerBinary } from './server-binary.ts';

export const SOCKET_NAME = 'redis.sock';
const STOP_TIMEOUT_MS = 10_000;

/**
 * A POSIX shell script. Its arguments are the directory of a symbolic link to delete at the end (or an empty string)
 * and the command line of the server. The script becomes the server and leaves a watchdog behind, which ends the server
 * when file descriptor 3 closes; the kernel closes it when the parent ends in any way. The server leads the process
 * group of the watchdog, so its process id cannot be reused while the watchdog runs, and signals hit no other process.
 */
const WATCHDOG_SCRIPT = `
link=$1; shift
(
  while read -r _ <&3; do :; done
  kill -TERM $$
  for _ in 1 2 3 4 5; do kill -0 $$ && sleep 1; done
  kill -KILL $$
  [ -n "$link" ] && rm -f "$link/d" && rmdir "$link"
) >/dev/null 2>&1 &
exec "$@" 3<&-
`;

/** The private server did not start. The message holds the reason and the last lines of its log. */
export class RedisDidNotStart extends Error {
  readonly code = 'redis_did_not_start';
  override readonly name = 'RedisDidNotStart';
}

export interface LocalRedisOptions {
  binary: ServerBinary;
  /** Holds the data, the socket and the log. Created with mode 0700. Only one server can use it at a time. */
  directory: string;
  /** Whether to store the data in `directory` (an append-only file, flushed every second) or in memory only. */
  persist: boolean;
  /** A TCP port on 127.0.0.1 to listen on in addition to the socket. */
  port?: number;
  /** Further options of `redis-server`, such as `--cluster-enabled yes`. */
  options?: readonly string[];
}

export interface ServerProcess {
  child: ChildProcess;
  pid: number;
  ended: Promise<string>;
}

/** Starts the server process. @throws {RedisDidNotStart} if it cannot be executed */
export const spawnServer = (options: LocalRedisOptions, logFile: string, link = ''): Promise<ServerProcess> =>
  spawnWatched(options.binary, serverOptions(options), options.directory, logFile, link);

/**
 * Starts the binary in `directory` with these options. It ends with this process.
 * @throws {RedisDidNotStart} if it cannot be executed
 */
export async function spawnWatched(
  binary: ServerBinary,
  options: readonly string[],
  directory: string,
  logFile: string,
  link = '',
): Promise<ServerProcess> {
  const log = await open(logFile, 'a', 0o600);
  try {
    const words = ['-c', WATCHDOG_SCRIPT, 'sh', link, binary.path, ...options];
    const child = spawn('/bin/sh', words, {
      cwd: directory,
      env: { ...process.env, ...binary.env },
      stdio: ['ignore', log.fd, log.fd, 'pipe'],
      detached: true,
    });
    const ended = new Promise<string>((settle) => {
      child.on('error', (fault) => settle(fault.message));
      child.on('exit', (code, signal) => settle(signal ?? `exit code ${code}`));
    });
    const lifeline = child.stdio[3] as Socket | null | undefined;
    void ended.then(() => lifeline?.destroy());
    lifeline?.on('error', () => {}).unref();
    child.unref();
    if (child.pid === undefined) throw new RedisDidNotStart(`Redis did not start: ${await ended}`);
    return { child, pid: child.pid, ended };
  } finally {
    await log.close();
  }
}

/** The socket path is relative to the working directory, so that it is always short enough. */
function serverOptions({ persist, port = 0, options = [] }: LocalRedisOptions): string[] {
  const listen = ['--port', `${port}`, '--bind', '127.0.0.1', '--unixsocket', SOCKET_NAME];
  const store = ['--appendonly', persist ? 'yes' : 'no', '--save', ''];
  return [...listen, '--unixsocketperm', '700', ...store, '--daemonize', 'no', '--logfile', '', ...options];
}

/** Stops the server process, by force after ten seconds. */
export async function endServer(server: ServerProcess): Promise<void> {
  const force = setTimeout(() => server.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  server.child.kill('SIGTERM');
  await server.ended;
  clearTimeout(force);
}
