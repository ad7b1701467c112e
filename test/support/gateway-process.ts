import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { PROCESS_ENV } from './command-line.ts';
import { LIMITS_OFF } from './limits-off.ts';

export interface GatewayProcess {
  url: string;
  /** Of the private listener. */
  healthUrl: string;
  pid: number;
  /** Resident memory and its peak, in bytes (`VmRSS`, `VmHWM`). */
  memory(): Promise<{ now: number; peak: number }>;
  /** Sends SIGTERM, again if it was sent before. */
  signal(): void;
  /** Stops it with SIGTERM and returns its exit code. */
  stop(): Promise<number | null>;
  /** Waits until it has exited and returns its exit code. */
  untilExit(): Promise<number | null>;
}

/** Starts `portcullis gateway` as a process on a free port, with only these settings, from `main`. */
export async function startGatewayProcess(
  env: Record<string, string>,
  main = 'src/main.ts',
): Promise<GatewayProcess> {
  const child = spawn(process.execPath, ['--expose-gc', main, 'gateway'], {
    env: { ...PROCESS_ENV, GATEWAY_PORT: '0', ...LIMITS_OFF, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const { url, healthUrl } = await listeningUrls(child.stdout);
  if (url === undefined || healthUrl === undefined || child.pid === undefined) {
    child.kill('SIGKILL');
    throw new Error('the gateway did not start');
  }
  const { pid } = child;
  return {
    url,
    healthUrl,
    pid,
    memory: () => memoryOf(pid),
    signal: () => void child.kill('SIGTERM'),
    untilExit: async () => (await ended)[0],
    stop: async () => {
      child.kill('SIGTERM');
      return (await ended)[0];
    },
  };
}

/**
 * Reads the log up to the URLs that the gateway listens on, the public one last. The rest is discarded, so that the pipe
 * never fills up.
 */
async function listeningUrls(
  output: Readable,
): Promise<{ url?: string | undefined; healthUrl?: string | undefined }> {
  let healthUrl: string | undefined;
  for await (const line of createInterface({ input: output })) {
    const { event, url } = JSON.parse(line) as { event?: string; url?: string };
    if (event === 'health_listening') healthUrl = url;
    if (event !== 'gateway_listening') continue;
    output.resume();
    return { url, healthUrl };
  }
  return {};
}

async function memoryOf(pid: number): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const bytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
  return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
}
