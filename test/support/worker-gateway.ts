import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { createInterface } from 'node:readline';
import { PROCESS_ENV } from './command-line.ts';
import type { TestGateway } from './gateway.ts';
import { LIMITS_OFF } from './limits-off.ts';
import { sendPlain } from './plain-request.ts';
import { until } from './until.ts';

/** A line of the log. */
export type LogLine = Record<string, unknown> & { event?: string; worker?: number; requestId?: string };

/** `portcullis gateway` with several workers, as processes. */
export interface WorkerGateway {
  url: string;
  healthUrl: string;
  /** Of the primary process. */
  pid: number;
  log: readonly LogLine[];
  /** What has been written to standard error. */
  readonly errors: string;
  signal(name: NodeJS.Signals): void;
  /** Stops reading its standard output. */
  closeOutput(): void;
  /** Resolves to the exit code. */
  ended: Promise<number | null>;
  /** The process ids of the workers that serve, by number. */
  pids(): Promise<Map<number, number>>;
  /** One client for each of the workers 1 to `count`, with a connection to it that is kept alive. */
  connectToEach(count: number): Promise<Agent[]>;
}

/** Starts it on free ports, with the Redis and keys of a test gateway, and waits until it listens or ends. */
export async function startWorkerGateway(
  { redis, signingKeyPem, settings }: TestGateway,
  env: Record<string, string>,
): Promise<WorkerGateway> {
  const child = spawn(process.execPath, ['--expose-gc', 'src/main.ts', 'gateway'], {
    env: {
      ...PROCESS_ENV,
      REDIS_URL: redis.url,
      SIGNING_KEY: signingKeyPem,
      DATA_DIR: settings.dataDir,
      REDIS_DEADLINE_MS: '900',
      GATEWAY_PORT: '0',
      ...LIMITS_OFF,
      WORKERS: '2',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = (once(child, 'exit') as Promise<[number | null]>).then(([code]) => code);
  const log: LogLine[] = [];
  let errors = '';
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    // The last line of a process that is killed can be cut off.
    if (line.endsWith('}')) log.push(JSON.parse(line) as LogLine);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const urlOf = (event: string) => String(log.find((line) => line.event === event)?.url);
  await until(() => hasEnded || log.some(({ event }) => event === 'gateway_listening'), 110_000).catch(
    (fault) => {
      child.kill('SIGKILL');
      throw fault;
    },
  );
  const [url, healthUrl] = [urlOf('gateway_listening'), urlOf('health_listening')];
  return {
    url,
    healthUrl,
    pid: child.pid ?? 0,
    log,
    get errors() {
      return errors;
    },
    signal: (name) => void child.kill(name),
    closeOutput: () => void child.stdout.destroy(),
    ended,
    pids: () => servingPids(healthUrl),
    connectToEach: (count) => connectToEach({ url, log }, count),
  };
}

async function servingPids(healthUrl: string): Promise<Map<number, number>> {
  const report = (await (await fetch(`${healthUrl}/readyz`)).json()) as {
    workers: { worker: number; pid: number }[];
  };
  return new Map(report.workers.map(({ worker, pid }) => [worker, pid]));
}

/** The kernel chooses which worker accepts a connection. The log tells which one has, by a request without a token. */
async function connectToEach(
  { url, log }: Pick<WorkerGateway, 'url' | 'log'>,
  count: number,
): Promise<Agent[]> {
  const byWorker = new Map<number, Agent>();
  await until(async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { body } = await sendPlain(url, { method: 'GET', target: '/bank/accounts', agent });
    const { request_id: id } = JSON.parse(body) as { request_id: string };
    const lineOf = () => log.find(({ requestId }) => requestId === id);
    await until(() => lineOf() !== undefined);
    const worker = lineOf()?.worker ?? 0;
    if (byWorker.has(worker)) agent.destroy();
    else byWorker.set(worker, agent);
    return byWorker.size === count;
  });
  return [...byWorker].sort(([one], [other]) => one - other).map(([, agent]) => agent);
}
