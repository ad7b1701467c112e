import { type Environment, type GatewaySettings, gatewaySettings } from '../config.ts';
import { startGateway } from '../gateway/server.ts';
import { readWebBuild, WEB_BUILD_DIRECTORY, type WebBuild } from '../gateway/web-build.ts';
import { createLog, type Logger } from '../log.ts';
import { publishedDescription } from '../openapi/publish.ts';
import { runServer } from './run-server.ts';

/** `portcullis gateway`. @returns the exit code */
export function runGateway(env: Environment): Promise<number> {
  return runServer(async () => {
    const settings = gatewaySettings(env);
    const api = await publishedDescription(settings);
    const log = createLog('gateway', settings.logLevel);
    const web = await webApp(settings, log);
    return startGateway({ settings, api, web, log });
  });
}

async function webApp(settings: GatewaySettings, log: Logger): Promise<WebBuild | undefined> {
  if (settings.webApp === 'off') return undefined;
  const build = await readWebBuild(WEB_BUILD_DIRECTORY);
  if (build === undefined)
    log.warn({ event: 'web_app_missing' }, 'the web app has not been built: npm run build; / is a 404');
  return build;
}
