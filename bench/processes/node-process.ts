import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningServer } from '../contestant.ts';
import { CACHE_DIRECTORY } from '../setup/directories.ts';

const LOG_FILE = join(CACHE_DIRECTORY, 'servers.log');
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5000;

export interface NodeServer extends RunningServer {
  readonly process: ChildProcess;
}

/**
 * Starts a program of Node.js on one core and resolves when it has announced its URL (`announce`). It exits together
 * with this process. Node is started with `--expose-gc` as in production; only the gateway uses it.
 */
export async function startNode(
  core: number,
  file: string,
  {
    env = {},
    nodeOptions = [],
  }: { env?: Readonly<Record<string, string>>; nodeOptions?: readonly string[] } = {},
): Promise<NodeServer> {
  const args = ['-c', `${core}`, process.execPath, '--expose-gc', ...nodeOptions, file];
  const log = openLog();
  const child = spawn('taskset', args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', log, 'inherit', 'ipc'],
  });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) throw new Error('taskset (Debian package util-linux) is not on the PATH');
  try {
    const url = await announcedUrl(child, file);
    return { url, pids: [pid], process: child, stop: () => endProcess(child, 'SIGKILL') };
  } catch (error) {
    await endProcess(child, 'SIGKILL');
    throw error;
  }
}

/** What servers log goes to a file: it would hide the progress of the run. */
function openLog(): number {
  mkdirSync(CACHE_DIRECTORY, { recursive: true, mode: 0o700 });
  return openSync(LOG_FILE, 'a', 0o600);
}

async function announcedUrl(child: ChildProcess, file: string): Promise<string> {
  const signal = AbortSignal.timeout(START_TIMEOUT_MS);
  const exited = once(child, 'exit', { signal }).then(([code, signalName]) => {
    throw new Error(`${file} exited with ${signalName ?? code} before it was listening: see ${LOG_FILE}`);
  });
  exited.catch(() => {});
  const [message] = await Promise.race([once(child, 'message', { signal }), exited]).catch(
    (fault: unknown) => {
      if (!signal.aborted) throw fault;
      throw new Error(`${file} did not listen within ${START_TIMEOUT_MS} ms: see ${LOG_FILE}`);
    },
  );
  return (message as { url: string }).url;
}

/** Sends a signal to a process and resolves when it has ended. Kills it if that takes too long. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  child.kill(signal);
  await exit;
  clearTimeout(kill);
}
