import { type Environment, gatewaySettings } from '../config.ts';
import { startGateway } from '../gateway/server.ts';
import { createLog } from '../log.ts';
import { runServer } from './run-server.ts';

/** `portcullis gateway`. @returns the exit code */
export function runGateway(env: Environment): Promise<number> {
  return runServer(() => {
    const settings = gatewaySettings(env);
    return startGateway({ settings, log: createLog('gateway', settings.logLevel) });
  });
}
