import { z } from 'zod';
import { addClient, CLIENT_USES, clientUseSchema } from '../clients/clients.ts';
import type { Environment } from '../config/load.ts';
import { recordByOperator } from './operator-record.ts';
import { withRedis } from './with-redis.ts';

const requestSchema = z.object({
  name: z.string().regex(/^[^\p{C}]{1,128}$/u, 'wants 1 to 128 printable characters'),
  uses: z
    .array(clientUseSchema)
    .min(1)
    .transform((uses) => CLIENT_USES.filter((use) => uses.includes(use))),
});

/**
 * `portcullis client add`: prints the new client's id and, this once, its secret. Nothing else ever holds the secret
 * but whoever called.
 * @returns the exit code
 */
export async function runClientAdd(
  env: Environment,
  given: { name: string; uses: readonly string[] },
): Promise<number> {
  const request = requestSchema.safeParse(given);
  if (!request.success) {
    process.stderr.write(`portcullis: ${z.prettifyError(request.error)}\n`);
    return 1;
  }
  return withRedis(env, async (redis, settings) => {
    const { id, secret, uses } = await addClient(redis, request.data, new Date());
    await recordByOperator(redis, settings, { action: 'client_add', subject: id, detail: uses.join(' ') });
    process.stdout.write(`client_id=${id}\nclient_secret=${secret}\n`);
    process.stderr.write('This is the only time that the secret is shown.\n');
    return 0;
  });
}
