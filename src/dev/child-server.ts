import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Environment } from '../config/load.ts';

const MAIN = join(import.meta.dirname, '../main.ts');
const READY_POLL_MS = 50;
const READY_REQUEST_DEADLINE_MS = 1000;
const LOG_LINES_TOLD = 8;

/** The gateway or the bank as a process of its own. */
export interface ChildServer {
  name: 'gateway' | 'bank';
  pid: number | undefined;
  logFile: string;
  /** Resolves when the process has ended, to how: an exit code or a signal's name. */
  ended: Promise<string>;
  /** Asks the process to end and waits; by force after `graceMs`. */
  stop(graceMs: number): Promise<void>;
  kill(): void;
}

/**
 * Starts `portcullis gateway` or `portcullis bank`. Its output goes to `logFile`, emptied first. It leads a
 * session of its own, so that a terminal's Ctrl-C reaches only this process, which then ends things in order;
 * and it holds an IPC channel, on whose end it stops by itself, however this process may die.
 */
export async function startChild(
  name: ChildServer['name'],
  env: Environment,
  logFile: string,
): Promise<ChildServer> {
  const log = await open(logFile, 'w', 0o600);
  const child = spawn(process.execPath, ['--expose-gc', MAIN, name], {
    env,
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
    detached: true,
  });
  const ended = once(child, 'exit').then(
    ([code, signal]) => String(signal ?? `exit code ${code}`),
    (fault: Error) => fault.message,
  );
  await log.close();
  const kill = (): void => void child.kill('SIGKILL');
  const stop = async (graceMs: number): Promise<void> => {
    const force = setTimeout(kill, graceMs);
    child.kill('SIGTERM');
    await ended;
    clearTimeout(force);
  };
  return { name, pid: child.pid, logFile, ended, stop, kill };
}

/** Resolves when `/readyz` answers 200; never, if it doesn't before the signal. */
export async function untilReady(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(READY_REQUEST_DEADLINE_MS)]);
    const answer = await fetch(`${url}/readyz`, { signal: deadline }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
    await delay(READY_POLL_MS);
  }
  await new Promise(() => {});
}

/** The end of a log file, for people. */
export async function lastLines(logFile: string): Promise<string> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  return log.trimEnd().split('\n').slice(-LOG_LINES_TOLD).join('\n');
}
