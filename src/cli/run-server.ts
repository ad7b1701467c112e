import { once } from 'node:events';
import { SettingsRefused } from '../config/load.ts';
import { PolicyRefused } from '../gateway/pipeline/policy.ts';
import { InvalidKeyError } from '../keys/ring.ts';

interface RunningServer {
  close(): Promise<void>;
}

/**
 * Runs a server until SIGTERM or SIGINT, or until the process that started it goes away, then closes it.
 * A setting, key or policy that can't be used is told in plain words; any other fault is thrown.
 * @returns the exit code
 */
export async function runServer(start: () => Promise<RunningServer>): Promise<number> {
  try {
    const server = await start();
    process.send?.('listening');
    await stopRequest();
    await server.close();
    if (process.connected) process.disconnect?.();
    return 0;
  } catch (fault) {
    const message = refusalMessage(fault);
    if (message === undefined) throw fault;
    process.stderr.write(`portcullis: ${message}\n`);
    return 1;
  }
}

function stopRequest(): Promise<unknown> {
  return Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT'), once(process, 'disconnect')]);
}

/** What to tell of a fault that the operator can mend; undefined for one that is the program's. */
export function refusalMessage(fault: unknown): string | undefined {
  const isOperators = [SettingsRefused, InvalidKeyError, PolicyRefused].some((kind) => fault instanceof kind);
  if (isOperators) return (fault as Error).message;
  const { code, port } = (fault ?? {}) as { code?: string; port?: number };
  return code === 'EADDRINUSE' ? `port ${port} is taken by another program` : undefined;
}
