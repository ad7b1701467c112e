import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { vi } from 'vitest';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

/** What every process needs of the environment: where programs are, and where compiled modules are kept. */
export const PROCESS_ENV = {
  PATH: process.env.PATH,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
};

export interface CommandResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  /** All environment variables besides `PATH`. */
  env: Record<string, string>;
  /** Standard input. */
  input?: string;
}

/** Runs `portcullis …` as an operator would, as a process. It takes half a second of CPU to start. */
export async function spawnPortcullis(
  words: readonly string[],
  { env, input = '' }: CommandOptions,
): Promise<CommandResult> {
  const child = spawn(process.execPath, [MAIN, ...words], { env: { ...PROCESS_ENV, ...env } });
  child.stdin.on('error', () => {}).end(input);
  const exited = once(child, 'close');
  const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { exitCode: Number(exitCode), stdout, stderr };
}

let runs = 0;
let previous: Promise<unknown> = Promise.resolve();

/** Runs `portcullis …` in this process, one command after the other, with its own arguments, environment and streams. */
export function runPortcullis(words: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const run = previous.then(() => runNow(words, options));
  previous = run.catch(() => {});
  return run;
}

async function runNow(words: readonly string[], { env, input = '' }: CommandOptions): Promise<CommandResult> {
  const written = { 1: '', 2: '' };
  const given = { argv: process.argv, env: process.env, exitCode: process.exitCode, stdin: process.stdin };
  const write =
    (fd: 1 | 2) =>
    (chunk: unknown, ...[encoding, done]: unknown[]): boolean => {
      written[fd] += String(chunk);
      const callback = done ?? encoding;
      if (typeof callback === 'function') callback();
      return true;
    };
  vi.spyOn(process.stdout, 'write').mockImplementation(write(1));
  vi.spyOn(process.stderr, 'write').mockImplementation(write(2));
  const { writeSync } = fs;
  // The log writes to the file descriptor.
  vi.spyOn(fs, 'writeSync').mockImplementation(((fd: number, data: string, ...rest: []) => {
    if (fd !== 1 && fd !== 2) return writeSync(fd, data, ...rest);
    write(fd)(data);
    return Buffer.byteLength(data);
  }) as typeof fs.writeSync);
  try {
    process.argv = [process.execPath, MAIN, ...words];
    process.env = { PATH: given.env.PATH, ...env };
    Object.defineProperty(process, 'stdin', { value: Readable.from([input]), configurable: true });
    process.exitCode = 0;
    runs += 1;
    await import(/* @vite-ignore */ `${MAIN}?run=${runs}`);
    return { exitCode: Number(process.exitCode), stdout: written[1], stderr: written[2] };
  } finally {
    vi.restoreAllMocks();
    process.argv = given.argv;
    process.env = given.env;
    process.exitCode = given.exitCode;
    Object.defineProperty(process, 'stdin', { value: given.stdin, configurable: true });
  }
}
