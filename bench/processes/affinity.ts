import { spawnSync } from 'node:child_process';

/** Binds all threads of a process to one core (taskset, Debian package util-linux). @throws if that fails */
export function pinToCore(pid: number, core: number): void {
  run('taskset', ['--all-tasks', '--cpu-list', '--pid', `${core}`, `${pid}`]);
}

/**
 * Whether this process waits for all others on its core (`SCHED_IDLE`, sched(7)). While a constant rate is generated, this
 * process never sleeps, and must not delay the upstream and Redis.
 */
export function yieldToOthers(isYielding: boolean): void {
  const policy = isYielding ? '--idle' : '--other';
  run('chrt', ['--all-tasks', policy, '--pid', '0', `${process.pid}`]);
}

function run(command: string, args: readonly string[]): void {
  const { error, status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined || status !== 0)
    throw new Error(`${command} failed: ${error?.message ?? stderr.trim()}`);
}
