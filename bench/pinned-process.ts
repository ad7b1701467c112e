import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** The kernel's `USER_HZ`, the unit of times in `/proc/<pid>/stat`: 100 on every Linux that Node.js supports. */
const TICKS_PER_SECOND = 100;
const START_TIMEOUT_MS = 20_000;

export interface PinnedProcess {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

/**
 * Starts a server on one core and resolves when it has announced its URL. It exits together with this process. Node is
 * started with `--expose-gc` as in production; only the gateway uses it.
 */
export async function startPinned(
  core: number,
  file: string,
  env: NodeJS.ProcessEnv = {},
): Promise<PinnedProcess> {
  const child = spawn('taskset', ['-c', `${core}`, process.execPath, '--expose-gc', file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('taskset (Debian package util-linux) is not on the PATH');
  try {
    return { url: await announcedUrl(child, file), pid, stop: () => kill(child) };
  } catch (error) {
    await kill(child);
    throw error;
  }
}

async function announcedUrl(child: ChildProcess, file: string): Promise<string> {
  const signal = AbortSignal.timeout(START_TIMEOUT_MS);
  const exited = once(child, 'exit', { signal }).then(([code, signalName]) => {
    throw new Error(`${file} exited with ${signalName ?? code} before it was listening`);
  });
  const [message] = await Promise.race([once(child, 'message', { signal }), exited]);
  exited.catch(() => {});
  return (message as { url: string }).url;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/**
 * The user and system CPU time of all threads of a process in microseconds: fields 14 and 15 of `/proc/<pid>/stat`
 * (proc(5)). The second field, the name, may contain spaces and ends at the last parenthesis.
 */
export function cpuTimeMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / TICKS_PER_SECOND;
}
