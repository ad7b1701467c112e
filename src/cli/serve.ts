import cluster from 'node:cluster';
import {
  bankSettings,
  type Environment,
  type GatewaySettings,
  gatewaySettings,
  misspeltSettings,
} from '../config/load.ts';
import { lowerPoolPriority } from '../gateway/resources/pool-priority.ts';
import type { GatewayOptions } from '../gateway/server.ts';
import { EXIT_STOPPED_AT_ONCE, stopRequest } from '../http/stopping.ts';
import { createLog, type Logger } from '../log.ts';
import { WORKER_NUMBER } from '../workers/messages.ts';
import { fail, runCommand } from './run.ts';

const HEALTH_TIMEOUT_MS = 3000;

/** `portcullis gateway`, in one process or, with `WORKERS` above 1, in a primary process and workers. @returns the exit code */
export async function runGateway(env: Environment): Promise<number> {
  if (isOwnWorker(env)) return runGatewayWorker(env);
  if (cluster.isWorker && !process.connected) restartWithoutCluster();
  return runCommand(async () => {
    const settings = gatewaySettings(env);
    if (settings.workers > 1) {
      const { runPrimary } = await import('../workers/primary.ts');
      return runPrimary(settings, (log) => warnOfMisspelt(env, log));
    }
    const { startGateway } = await import('../gateway/server.ts');
    return serve(async () => {
      const log = createLog('gateway', settings.logLevel);
      warnOfMisspelt(env, log);
      ignoreHangup(log);
      const gateway = await startGateway(await gatewayOptions(settings, log));
      lowerPoolPriority();
      return gateway;
    });
  });
}

/** Whether a primary process of this program has started this one. Others use `node:cluster` too. */
const isOwnWorker = (env: Environment): boolean =>
  cluster.isWorker && process.connected && env[WORKER_NUMBER] !== undefined;

/**
 * Replaces this program by itself. An inherited `NODE_UNIQUE_ID` made Node believe that it is a worker, and it would wait
 * forever for a primary process to listen. Node has removed the variable.
 */
const restartWithoutCluster = (): never =>
  process.execve?.(
    process.execPath,
    [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    process.env,
  ) as never;

/** One of the workers. Its process ends here, because the channel to the primary process would keep it running. */
async function runGatewayWorker(env: Environment): Promise<never> {
  const code = await runCommand(async () => {
    const { createWorkerLog, runWorker } = await import('../workers/worker.ts');
    await runWorker(() => {
      const settings = gatewaySettings(env);
      return gatewayOptions(settings, createWorkerLog(settings.logLevel));
    });
    return 0;
  });
  process.exit(code);
}

/** SIGHUP replaces workers. Without workers it must not end the gateway, as it would by default. */
function ignoreHangup(log: Logger): void {
  process.on('SIGHUP', () =>
    log.warn({ event: 'restart_not_possible' }, 'SIGHUP does nothing with WORKERS=1: restart the gateway'),
  );
}

async function gatewayOptions(settings: GatewaySettings, log: Logger): Promise<GatewayOptions> {
  const { openWebApp } = await import('../gateway/static/web-build.ts');
  const { publishedDescription } = await import('../openapi/publish.ts');
  const api = await publishedDescription(settings);
  return { settings, api, web: await openWebApp(settings, log), log };
}

/** `portcullis bank`. @returns the exit code */
export function runBank(env: Environment): Promise<number> {
  return serve(async () => {
    const { startBank } = await import('../bank/server.ts');
    const settings = bankSettings(env);
    const log = createLog('bank', settings.logLevel);
    warnOfMisspelt(env, log);
    return startBank({ settings, log });
  });
}

function warnOfMisspelt(env: Environment, log: Logger): void {
  for (const { name, meant } of misspeltSettings(env))
    log.warn({ event: 'setting_misspelt', name, meant }, `${name} is not a setting; ${meant} is`);
}

/** Runs a server until SIGTERM or SIGINT, then closes it. A second signal ends the process at once. */
function serve(start: () => Promise<{ close(): Promise<void> }>): Promise<number> {
  return runCommand(async () => {
    const server = await start();
    const stop = stopRequest(['SIGTERM', 'SIGINT']);
    void stop.second.then(() => process.exit(EXIT_STOPPED_AT_ONCE));
    await stop.first;
    await server.close();
    return 0;
  });
}

/** `portcullis health`: requests `/readyz`. @returns 0 if the response is a 200 within 3 seconds, 1 otherwise */
export async function runHealth(url: string): Promise<number> {
  try {
    const response = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
    process.stdout.write(`${response.status}\n`);
    return response.ok ? 0 : 1;
  } catch {
    return fail('no response');
  }
}
