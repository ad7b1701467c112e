import { chmod, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  endServer,
  type LocalRedisOptions,
  RedisDidNotStart,
  type ServerProcess,
  SOCKET_NAME,
  spawnServer,
} from './server-process.ts';
import { serverState } from './server-state.ts';

/** `sockaddr_un.sun_path` holds 104 bytes on macOS and 108 on Linux, including the final NUL. */
const MAX_SOCKET_PATH_BYTES = 100;
const LOG_NAME = 'redis.log';
const FORMER_SERVER_TIMEOUT_MS = 2000;
const LISTEN_TIMEOUT_MS = 10_000;
const LOAD_TIMEOUT_MS = 300_000;
const POLL_MS = 10;

export interface LocalRedis {
  /** `unix:///…`; the server also listens on TCP if a port was given. */
  url: string;
  /** The process id of the server. */
  pid: number;
  logFile: string;
  /** Resolves when the server has ended, with its exit code or signal. */
  ended: Promise<string>;
  /** Stops the server after it has written its data; kills it if that takes too long. */
  stop(): Promise<void>;
}

/**
 * Starts a private Redis that listens on a unix socket in `directory` and ends with this process, even if that is
 * killed. It has its own session, so that Ctrl-C in a terminal does not stop it before its clients.
 *
 * @throws {RedisDidNotStart}
 */
export async function startLocalRedis(options: LocalRedisOptions): Promise<LocalRedis> {
  const directory = resolve(options.directory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const link = await shortLinkTo(directory);
  const socketPath = join(link?.target ?? directory, SOCKET_NAME);
  const logFile = join(directory, LOG_NAME);
  try {
    await waitForFormerServer(socketPath, directory);
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

/** A symbolic link to a directory whose path is too long for a socket address; undefined if it is short enough. */
async function shortLinkTo(directory: string) {
  if (Buffer.byteLength(join(directory, SOCKET_NAME)) <= MAX_SOCKET_PATH_BYTES) return undefined;
  const parent = await mkdtemp(join(tmpdir(), 'portcullis-'));
  const target = join(parent, 'd');
  await symlink(directory, target);
  return { parent, target, remove: () => rm(parent, { recursive: true, force: true }) };
}

/** Two servers would corrupt the append-only file. A server whose parent has just been killed gets time to end. */
async function waitForFormerServer(socketPath: string, directory: string): Promise<void> {
  const deadlineMs = Date.now() + FORMER_SERVER_TIMEOUT_MS;
  while ((await serverState(socketPath)).is !== 'absent') {
    if (Date.now() > deadlineMs)
      throw new RedisDidNotStart(`another Redis is using ${directory}: is Portcullis running already?`);
    await delay(POLL_MS);
  }
}

async function untilReady(server: ServerProcess, socketPath: string, logFile: string): Promise<void> {
  let ended: string | undefined;
  void server.ended.then((how) => {
    ended = how;
  });
  const startMs = Date.now();
  for (;;) {
    if (ended !== undefined) throw await startFault(`it ended with ${ended}`, logFile);
    const state = await serverState(socketPath);
    if (state.is === 'ready' && state.pid === server.pid) return;
    const deadlineMs = state.is === 'busy' ? LOAD_TIMEOUT_MS : LISTEN_TIMEOUT_MS;
    if (Date.now() - startMs > deadlineMs) {
      process.kill(server.pid, 'SIGKILL');
      throw await startFault('it did not become ready in time', logFile);
    }
    await delay(POLL_MS);
  }
}

async function startFault(why: string, logFile: string): Promise<RedisDidNotStart> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  return new RedisDidNotStart(
    `Redis did not start: ${why}.\n${log.trimEnd().split('\n').slice(-5).join('\n')}`,
  );
}
