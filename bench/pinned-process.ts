import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** The kernel's `USER_HZ`, the unit of the times in `/proc/<pid>/stat`: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const START_DEADLINE_MS = 20_000;

export interface PinnedProcess {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

/** Starts a server on one core and resolves when it has told where it listens. It ends with this process. */
export async function startPinned(
  core: number,
  file: string,
  env: NodeJS.ProcessEnv = {},
): Promise<PinnedProcess> {
  const child = spawn('taskset', ['-c', `${core}`, process.execPath, file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('taskset (Debian: util-linux) is not on the PATH');
  try {
    return { url: await announcedUrl(child, file), pid, stop: () => end(child) };
  } catch (fault) {
    await end(child);
    throw fault;
  }
}

async function announcedUrl(child: ChildProcess, file: string): Promise<string> {
  const signal = AbortSignal.timeout(START_DEADLINE_MS);
  const ended = once(child, 'exit', { signal }).then(([code, by]) => {
    throw new Error(`${file} ended with ${by ?? code} instead of listening`);
  });
  const [message] = await Promise.race([once(child, 'message', { signal }), ended]);
  ended.catch(() => {});
  return (message as { url: string }).url;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/**
 * The CPU time that a process has used in all its threads, user and system, in microseconds: fields 14 and 15 of
 * `/proc/<pid>/stat` (proc(5)). The second field, the name, may hold spaces and ends at the last parenthesis.
 */
export function cpuTimeMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / TICKS_PER_SECOND;
}
