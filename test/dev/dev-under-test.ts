import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { serverState } from '../../src/dev/redis/server-state.ts';
import { until } from '../support/until.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

export interface Dev {
  child: ChildProcess;
  gatewayUrl: string;
  /** The gateway and the bank in one process, and Redis. */
  pids: Record<'servers' | 'redis', number>;
  /** Its output so far. */
  output(): string;
  /** Sends a signal to the whole process group, as a terminal's Ctrl-C does. */
  signalGroup(name: NodeJS.Signals): void;
  ended: Promise<number | string>;
}

/** The tests must not write to a Redis that the developer works with. */
const NO_REDIS = { REDIS_URL: undefined, REDIS_URL_FILE: undefined };
const ON_FREE_PORTS = { NODE_ENV: 'development', GATEWAY_PORT: '0', BANK_PORT: '0' };

/** Runs `portcullis dev` until it ends, in a process group of its own and with a Redis of its own. */
export function spawnDev(env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, ['--expose-gc', MAIN, 'dev'], {
    env: { ...process.env, ...NO_REDIS, ...ON_FREE_PORTS, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  return { child, ended, output: () => text };
}

/** Starts `portcullis dev` on free ports with its data in `directory`, and waits until it is ready. */
export async function startDev(directory: string, env: NodeJS.ProcessEnv = {}): Promise<Dev> {
  const { child, ended, output } = spawnDev({
    DATA_DIR: directory,
    BANK_TRANSACTION_INTERVAL_MS: '0',
    PASSWORD_WORKERS: '1',
    ...env,
  });
  await until(() => output().includes('Ctrl-C stops') || child.exitCode !== null).catch(() => undefined);
  const found = (pattern: RegExp): string => {
    const value = pattern.exec(output())?.[1];
    if (value !== undefined) return value;
    // Redis ends with its parent.
    child.kill('SIGKILL');
    throw new Error(`portcullis dev did not become ready:\n${output()}`);
  };
  const redis = await serverState(found(/REDIS_URL=unix:\/\/(\S+)/));
  if (redis.is !== 'ready') throw new Error('Redis is not ready');
  const pids = { servers: child.pid ?? 0, redis: redis.pid };
  const signalGroup = (name: NodeJS.Signals): void => {
    // The group 0 would be that of the test itself.
    if (child.pid !== undefined) process.kill(-child.pid, name);
  };
  return { child, ended, output, signalGroup, pids, gatewayUrl: found(/is ready: (?:open )?(http\S+)/) };
}
