import { z } from 'zod';
import { addClient, CLIENT_USES, clientUseSchema, listClients, removeClient } from '../clients/clients.ts';
import type { Environment } from '../config/load.ts';
import { auditByOperator } from './operator-audit.ts';
import { fail } from './run.ts';
import { withRedis } from './with-redis.ts';

const requestSchema = z.object({
  name: z.string().regex(/^[^\p{C}]{1,128}$/u, 'must be 1 to 128 printable characters'),
  uses: z
    .array(clientUseSchema)
    .min(1)
    .transform((uses) => CLIENT_USES.filter((use) => uses.includes(use))),
});

/**
 * `portcullis client add`: prints the id and the secret of the new client. The secret is not stored and cannot be
 * shown again.
 * @returns the exit code
 */
export async function runClientAdd(
  env: Environment,
  given: { name: string; uses: readonly string[] },
): Promise<number> {
  const request = requestSchema.safeParse(given);
  if (!request.success) return fail(z.prettifyError(request.error));
  return withRedis(env, async (redis, settings) => {
    const { id, secret, uses } = await addClient(redis, request.data, new Date());
    await auditByOperator(redis, settings, { action: 'client_add', subject: id, detail: uses.join(' ') });
    process.stdout.write(`client_id=${id}\nclient_secret=${secret}\n`);
    process.stderr.write('Store the secret now: it cannot be shown again.\n');
    return 0;
  });
}

/** `portcullis client list`: id, creation time, permitted uses and name of each client. @returns the exit code */
export function runClientList(env: Environment): Promise<number> {
  return withRedis(env, async (redis) => {
    for (const { id, created, uses, name } of await listClients(redis))
      process.stdout.write(`${id}  ${created}  ${uses.join(',')}  ${name}\n`);
    return 0;
  });
}

/** `portcullis client remove`: takes effect on the client's next request. @returns the exit code */
export function runClientRemove(env: Environment, id: string): Promise<number> {
  return withRedis(env, async (redis, settings) => {
    if (!(await removeClient(redis, id))) return fail('there is no such client');
    await auditByOperator(redis, settings, { action: 'client_remove', subject: id });
    process.stdout.write(`removed ${id}\n`);
    return 0;
  });
}
