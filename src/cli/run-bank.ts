import { startBank } from '../bank/server.ts';
import { bankSettings, type Environment } from '../config/load.ts';
import { createLog } from '../log.ts';
import { runServer } from './run-server.ts';

/** `portcullis bank`. @returns the exit code */
export function runBank(env: Environment): Promise<number> {
  return runServer(() => {
    const settings = bankSettings(env);
    return startBank({ settings, log: createLog('bank', settings.logLevel) });
  });
}
