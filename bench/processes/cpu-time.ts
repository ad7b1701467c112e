import { readdirSync, readFileSync } from 'node:fs';

/** The kernel's `USER_HZ`, the unit of times in `/proc/<pid>/stat`: 100 on every Linux that Node.js supports. */
const TICKS_PER_SECOND = 100;

/**
 * The user and system CPU time in microseconds of these processes, their descendants and all their threads. Time of
 * descendants that have ended is counted once their parent has waited for them.
 */
export function cpuTimeMicros(pids: readonly number[]): number {
  const ticks = processTree(pids).map(cpuTicks);
  return (ticks.reduce((sum, each) => sum + each, 0) * 1_000_000) / TICKS_PER_SECOND;
}

/** These processes and all their descendants, each once. */
export function processTree(pids: readonly number[]): number[] {
  const found = new Set<number>();
  const visit = (pid: number): void => {
    if (found.has(pid)) return;
    found.add(pid);
    for (const child of childrenOf(pid)) visit(child);
  };
  for (const pid of pids) visit(pid);
  return [...found];
}

/** The children that any thread of the process started (proc(5), `/proc/<pid>/task/<tid>/children`). */
function childrenOf(pid: number): number[] {
  return unlessEnded((path) => readdirSync(path), `/proc/${pid}/task`, []).flatMap((thread) =>
    unlessEnded(read, `/proc/${pid}/task/${thread}/children`, '').split(' ').filter(Boolean).map(Number),
  );
}

/**
 * Fields 14 to 17 of `/proc/<pid>/stat` (proc(5)). The second field, the name, may contain spaces and ends at the last
 * parenthesis.
 */
function cpuTicks(pid: number): number {
  const stat = unlessEnded(read, `/proc/${pid}/stat`, '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}

const read = (path: string): string => readFileSync(path, 'latin1');

function unlessEnded<T>(readPath: (path: string) => T, path: string, otherwise: T): T {
  try {
    return readPath(path);
  } catch {
    return otherwise;
  }
}
