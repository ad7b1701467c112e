import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, open, readFile, rm, symlink } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServerBinary } from './server-binary.ts';
import { serverState } from './server-state.ts';
import { WATCHDOG_SCRIPT } from './watchdog.ts';

/** `sockaddr_un.sun_path` holds 104 bytes on macOS and 108 on Linux, the closing NUL included. */
const SOCKET_PATH_MAX_BYTES = 100;
const SOCKET_NAME = 'redis.sock';
const LOG_NAME = 'redis.log';
const FORMER_SERVER_DEADLINE_MS = 2000;
const LISTEN_DEADLINE_MS = 10_000;
const LOAD_DEADLINE_MS = 300_000;
const STOP_DEADLINE_MS = 10_000;
const POLL_MS = 10;

/** The private server could not be started. The message says why, with the last lines of its log. */
export class RedisDidNotStart extends Error {
  readonly code = 'redis_did_not_start';
  override readonly name = 'RedisDidNotStart';
}

export interface LocalRedisOptions {
  binary: ServerBinary;
  /** Holds the data, the socket and the log; made with mode 0700. It has one server at a time. */
  directory: string;
  /** Keep the data in `directory` (an append-only file, flushed each second); otherwise in memory only. */
  persist: boolean;
  /** A TCP port on 127.0.0.1 to listen on besides the socket. */
  port?: number;
}

export interface LocalRedis {
  /** `unix:///…`, the only way in unless a port was asked for. */
  url: string;
  /** The server's own process id. */
  pid: number;
  logFile: string;
  /** Resolves when the server has ended for any reason, to how: an exit code or a signal's name. */
  ended: Promise<string>;
  /** Ends the server when it has written everything down; by force if that takes too long. */
  stop(): Promise<void>;
}

/**
 * Starts a private Redis that listens on a unix socket in `directory` and dies with this process, however this
 * process dies. It leads a session of its own: a terminal's Ctrl-C doesn't reach it before its users are done.
 *
 * @throws {RedisDidNotStart}
 */
export async function startLocalRedis(options: LocalRedisOptions): Promise<LocalRedis> {
  const directory = resolve(options.directory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const link = await shortWayTo(directory);
  const socketPath = join(link?.target ?? directory, SOCKET_NAME);
  const logFile = join(directory, LOG_NAME);
  try {
    await formerServerGone(socketPath, directory);
    const server = await spawnServer({ ...options, directory }, logFile, link?.parent);
    await untilReady(server, socketPath, logFile);
    const stop = async (): Promise<void> => {
      await endServer(server);
      await link?.remove();
    };
    return { url: `unix://${socketPath}`, pid: server.pid, logFile, ended: server.ended, stop };
  } catch (fault) {
    await link?.remove();
    throw fault;
  }
}

interface Server {
  child: ChildProcess;
  pid: number;
  ended: Promise<string>;
}

/** A symbolic link to a directory whose path is too long for a socket's address; nothing where it is short enough. */
async function shortWayTo(directory: string) {
  if (Buffer.byteLength(join(directory, SOCKET_NAME)) <= SOCKET_PATH_MAX_BYTES) return undefined;
  const parent = await mkdtemp(join(tmpdir(), 'portcullis-'));
  const target = join(parent, 'd');
  await symlink(directory, target);
  return { parent, target, remove: () => rm(parent, { recursive: true, force: true }) };
}

/** Two servers on one append-only file would ruin it. One whose parent has just died is given time to end. */
async function formerServerGone(socketPath: string, directory: string): Promise<void> {
  const deadlineMs = Date.now() + FORMER_SERVER_DEADLINE_MS;
  while ((await serverState(socketPath)).is !== 'absent') {
    if (Date.now() > deadlineMs)
      throw new RedisDidNotStart(`another Redis is using ${directory}: is Portcullis running already?`);
    await delay(POLL_MS);
  }
}

async function spawnServer(options: LocalRedisOptions, logFile: string, link = ''): Promise<Server> {
  const log = await open(logFile, 'a', 0o600);
  try {
    const words = ['-c', WATCHDOG_SCRIPT, 'sh', link, options.binary.path, ...serverOptions(options)];
    const child = spawn('/bin/sh', words, {
      cwd: options.directory,
      env: { ...process.env, ...options.binary.env },
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

/** The socket's path is relative to the working directory, so its length doesn't matter to the server. */
function serverOptions({ persist, port = 0 }: LocalRedisOptions): string[] {
  const listen = ['--port', `${port}`, '--bind', '127.0.0.1', '--unixsocket', SOCKET_NAME];
  const store = ['--appendonly', persist ? 'yes' : 'no', '--save', ''];
  return [...listen, '--unixsocketperm', '700', ...store, '--daemonize', 'no', '--logfile', ''];
}

async function untilReady(server: Server, socketPath: string, logFile: string): Promise<void> {
  let ended: string | undefined;
  void server.ended.then((how) => {
    ended = how;
  });
  const startMs = Date.now();
  for (;;) {
    if (ended !== undefined) throw await didNotStart(`it ended with ${ended}`, logFile);
    const state = await serverState(socketPath);
    if (state.is === 'ready' && state.pid === server.pid) return;
    const deadlineMs = state.is === 'busy' ? LOAD_DEADLINE_MS : LISTEN_DEADLINE_MS;
    if (Date.now() - startMs > deadlineMs) {
      process.kill(server.pid, 'SIGKILL');
      throw await didNotStart('it did not become ready in time', logFile);
    }
    await delay(POLL_MS);
  }
}

async function didNotStart(why: string, logFile: string): Promise<RedisDidNotStart> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  return new RedisDidNotStart(
    `Redis did not start: ${why}.\n${log.trimEnd().split('\n').slice(-5).join('\n')}`,
  );
}

async function endServer(server: Server): Promise<void> {
  const force = setTimeout(() => server.child.kill('SIGKILL'), STOP_DEADLINE_MS);
  server.child.kill('SIGTERM');
  await server.ended;
  clearTimeout(force);
}
