import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 20;
const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** A process with an IPC channel that is ended with this one. */
export interface Child {
  pid: number;
  send(message: object): void;
  /** The next message. @throws if the process ends before it has sent one */
  receive<Message>(): Promise<Message>;
  stop(): Promise<void>;
}

/** Starts a file of this folder on some cores. A `niceness` above 0 lowers its priority. */
export function startChild(file: string, cores: string, niceness = 0): Child {
  const command = [
    '-n',
    `${niceness}`,
    'taskset',
    '-c',
    cores,
    process.execPath,
    join(import.meta.dirname, file),
  ];
  const child = spawn('nice', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return {
    pid: pidOf(child),
    send: (message) => void child.send(message),
    receive: async <Message>() => {
      const ended = new AbortController();
      const exit = once(child, 'exit', ended).then(([code]) => {
        throw new Error(`${file} ended with ${code}`);
      });
      exit.catch(() => {});
      const [message] = await Promise.race([once(child, 'message', ended), exit]);
      ended.abort();
      return message as Message;
    },
    stop: () => kill(child),
  };
}

export interface GatewayProcess {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

/** Starts `portcullis gateway` as an operator does, and resolves when its log says that it is listening. */
export async function startGateway(
  env: Readonly<Record<string, string>>,
  cores: string,
  logFile: string,
): Promise<GatewayProcess> {
  const log = openSync(logFile, 'a');
  const command = ['-c', cores, process.execPath, '--expose-gc', MAIN, 'gateway'];
  const child = spawn('taskset', command, {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const url = await listeningUrl(logFile);
    if (url !== undefined) return { url, pid: pidOf(child), stop: () => kill(child) };
    if (child.exitCode !== null || performance.now() > deadlineMs) {
      await kill(child);
      throw new Error(`the gateway did not start: ${await readFile(logFile, 'utf8')}`);
    }
    await delay(POLL_MS);
  }
}

async function listeningUrl(logFile: string): Promise<string | undefined> {
  const line = (await readFile(logFile, 'utf8'))
    .split('\n')
    .find((one) => one.includes('"gateway_listening"'));
  return line === undefined ? undefined : (JSON.parse(line) as { url: string }).url;
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('nice and taskset must be on the PATH (coreutils, util-linux)');
  return pid;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
