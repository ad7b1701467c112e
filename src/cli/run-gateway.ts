import { type Environment, gatewaySettings } from '../config/load.ts';
import { startGateway } from '../gateway/server.ts';
import { openWebApp } from '../gateway/static/web-build.ts';
import { createLog } from '../log.ts';
import { publishedDescription } from '../openapi/publish.ts';
import { runServer } from './run-server.ts';

/** `portcullis gateway`. @returns the exit code */
export function runGateway(env: Environment): Promise<number> {
  return runServer(async () => {
    const settings = gatewaySettings(env);
    const api = await publishedDescription(settings);
    const log = createLog('gateway', settings.logLevel);
    const web = await openWebApp(settings, log);
    return startGateway({ settings, api, web, log });
  });
}
