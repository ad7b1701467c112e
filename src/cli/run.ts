import { SettingsRefused } from '../config/load.ts';
import { PolicyRefused } from '../gateway/pipeline/policy.ts';
import { InvalidKeyError } from '../keys/ring.ts';
import { RedisUnavailable } from '../redis/connection.ts';
import { WorkerNotStarted } from '../workers/worker-process.ts';

/** Faults with a message for the operator: something outside the program has to be corrected. */
const OPERATOR_FAULTS = [SettingsRefused, InvalidKeyError, PolicyRefused, WorkerNotStarted];

/** Runs a command. @returns its exit code, or 1 after a message if the operator has to correct something */
export async function runCommand(command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (fault) {
    const message = operatorMessage(fault);
    if (message === undefined) throw fault;
    return fail(message);
  }
}

function operatorMessage(fault: unknown): string | undefined {
  if (OPERATOR_FAULTS.some((kind) => fault instanceof kind)) return (fault as Error).message;
  if (fault instanceof RedisUnavailable) return `REDIS_URL: ${fault.message}`;
  const { code, port } = (fault ?? {}) as { code?: string; port?: number };
  return code === 'EADDRINUSE' ? `port ${port} is already in use` : undefined;
}

/** Prints an error message. @returns the exit code 1 */
export function fail(message: string): number {
  process.stderr.write(`portcullis: ${message}\n`);
  return 1;
}
