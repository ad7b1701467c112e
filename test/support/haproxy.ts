import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from './ports.ts';
import { until } from './until.ts';

/** One server behind the load balancer. */
export interface BalancedServer {
  name: string;
  port: number;
  /** Where its health is checked. */
  checkPort: number;
}

export interface Balancer {
  url: string;
  /** Whether the load balancer sends requests to a server. */
  isUp(name: string): Promise<boolean>;
  stop(): Promise<void>;
}

/** The program, or undefined if it is not installed. */
export const haproxyBinary = (): string | undefined =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
    .map((directory) => join(directory, 'haproxy'))
    .find((path) => existsSync(path));

/** How often it checks each server. A server is out after two failed checks; a slow one is not. */
const CHECK_INTERVAL_MS = 50;

/**
 * Starts a real HAProxy without retries: a request that a server loses is lost. `check` is the line that says how it
 * checks the health of servers.
 */
export async function startHaproxy(
  binary: string,
  servers: readonly BalancedServer[],
  check = 'option httpchk GET /readyz',
): Promise<Balancer> {
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-haproxy-'));
  const [port, statsPort] = [await freePort(), await freePort()];
  const file = join(directory, 'haproxy.cfg');
  await writeFile(file, configuration(port, statsPort, servers, check));
  const child = spawn(binary, ['-f', file, '-db'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let printed = '';
  child.stderr.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  const isUp = (name: string): Promise<boolean> => isServerUp(statsPort, name);
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`HAProxy did not start: ${printed}`);
    const states = await Promise.all(servers.map(({ name }) => isUp(name)));
    return states.every((state) => state);
  }, 20_000);
  return { url: `http://127.0.0.1:${port}`, isUp, stop: () => stop(child, directory) };
}

const configuration = (
  port: number,
  statsPort: number,
  servers: readonly BalancedServer[],
  check: string,
): string => `
global
  maxconn 1000
defaults
  mode http
  retries 0
  timeout connect 10s
  timeout check 10s
  timeout client 60s
  timeout server 60s
frontend public
  bind 127.0.0.1:${port}
  default_backend gateways
frontend stats
  bind 127.0.0.1:${statsPort}
  stats enable
  stats uri /stats
backend gateways
  balance roundrobin
  ${check}
  default-server check inter ${CHECK_INTERVAL_MS}ms fall 2 rise 1
${servers.map((server) => `  server ${server.name} 127.0.0.1:${server.port} port ${server.checkPort}`).join('\n')}
`;

/** Reads the statistics in CSV: the second field is the name of the server, the eighteenth its status. */
async function isServerUp(statsPort: number, name: string): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${statsPort}/stats;csv`).catch(() => undefined);
  const lines = (await response?.text())?.split('\n') ?? [];
  return lines.some((line) => line.startsWith(`gateways,${name},`) && line.split(',')[17] === 'UP');
}

async function stop(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await rm(directory, { recursive: true });
}
