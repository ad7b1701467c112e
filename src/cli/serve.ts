import { startBank } from '../bank/server.ts';
import { bankSettings, type Environment, gatewaySettings, misspeltSettings } from '../config/load.ts';
import { lowerPoolPriority } from '../gateway/resources/pool-priority.ts';
import { startGateway } from '../gateway/server.ts';
import { openWebApp } from '../gateway/static/web-build.ts';
import { EXIT_STOPPED_AT_ONCE, stopRequest } from '../http/stopping.ts';
import { createLog, type Logger } from '../log.ts';
import { publishedDescription } from '../openapi/publish.ts';
import { fail, runCommand } from './run.ts';

const HEALTH_TIMEOUT_MS = 3000;

/** `portcullis gateway`. @returns the exit code */
export function runGateway(env: Environment): Promise<number> {
  return serve(async () => {
    const settings = gatewaySettings(env);
    const api = await publishedDescription(settings);
    const log = createLog('gateway', settings.logLevel);
    warnOfMisspelt(env, log);
    const web = await openWebApp(settings, log);
    const gateway = await startGateway({ settings, api, web, log });
    lowerPoolPriority();
    return gateway;
  });
}

/** `portcullis bank`. @returns the exit code */
export function runBank(env: Environment): Promise<number> {
  return serve(() => {
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
