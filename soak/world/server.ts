import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const START_TIMEOUT_MS = 120_000;
const POLL_MS = 20;

/** A gateway or the bank as a process of its own, which can be killed and started again on the same port. */
export class Server {
  readonly name: string;
  readonly url: string;
  readonly #command: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  readonly #logFile: string;
  #child: ChildProcess | undefined;

  constructor(options: {
    name: string;
    url: string;
    command: readonly string[];
    env: NodeJS.ProcessEnv;
    logFile: string;
  }) {
    this.name = options.name;
    this.url = options.url;
    this.#command = options.command;
    this.#env = options.env;
    this.#logFile = options.logFile;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it and resolves when it responds to `/livez`. @throws if it ends or does not respond in time */
  async start(): Promise<void> {
    const log = openSync(this.#logFile, 'a');
    const child = spawn(process.execPath, ['--expose-gc', ...this.#command], {
      env: { PATH: process.env.PATH, ...this.#env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#child = child;
    const deadlineMs = performance.now() + START_TIMEOUT_MS;
    while (!(await responds(`${this.url}/livez`))) {
      if (child.exitCode !== null || performance.now() > deadlineMs)
        throw new Error(`${this.name} did not start: see ${this.#logFile}`);
      await delay(POLL_MS);
    }
  }

  /** Ends the process with a signal and waits until it has ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}

async function responds(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
