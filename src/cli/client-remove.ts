import { removeClient } from '../clients/clients.ts';
import type { Environment } from '../config/load.ts';
import { recordByOperator } from './operator-record.ts';
import { withRedis } from './with-redis.ts';

/** `portcullis client remove`: the client's next request is refused. @returns the exit code */
export function runClientRemove(env: Environment, id: string): Promise<number> {
  return withRedis(env, async (redis, settings) => {
    if (!(await removeClient(redis, id))) {
      process.stderr.write('portcullis: there is no such client\n');
      return 1;
    }
    await recordByOperator(redis, settings, { action: 'client_remove', subject: id });
    process.stdout.write(`removed ${id}\n`);
    return 0;
  });
}
