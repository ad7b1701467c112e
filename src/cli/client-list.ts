import { listClients } from '../clients/clients.ts';
import type { Environment } from '../config/load.ts';
import { withRedis } from './with-redis.ts';

/** `portcullis client list`: id, when it was added, what it may do, and its name. @returns the exit code */
export function runClientList(env: Environment): Promise<number> {
  return withRedis(env, async (redis) => {
    for (const { id, created, uses, name } of await listClients(redis))
      process.stdout.write(`${id}  ${created}  ${uses.join(',')}  ${name}\n`);
    return 0;
  });
}
