import { z } from 'zod';
import { addClient, addLoginClient, listClients, removeClient } from '../clients/clients.ts';
import {
  type ClientBinding,
  clientUseSchema,
  type RegisteredClient,
  SERVICE_USES,
  type ServiceUse,
} from '../clients/stored-client.ts';
import type { Environment } from '../config/load.ts';
import type { RedisStore } from '../redis/store.ts';
import { auditByOperator } from './operator-audit.ts';
import { fail } from './run.ts';
import { withRedis } from './with-redis.ts';

/** As it is given on the command line. */
interface GivenClient {
  name: string;
  uses: readonly string[];
  dpopBound?: boolean;
  certificateBound?: boolean;
}

interface ClientRequest {
  name: string;
  /** Empty for an app whose users log in. */
  uses: readonly ServiceUse[];
  boundTo: ClientBinding | undefined;
}

const requestSchema = z
  .object({
    name: z.string().regex(/^[^\p{C}]{1,128}$/u, 'must be 1 to 128 printable characters'),
    uses: z.array(clientUseSchema).min(1),
    dpopBound: z.boolean().default(false),
    certificateBound: z.boolean().default(false),
  })
  .refine(({ uses }) => !uses.includes('login') || uses.every((use) => use === 'login'), {
    path: ['uses'],
    message: 'login cannot be combined: an app has no secret, and the other uses need one',
  })
  .refine(
    ({ uses, dpopBound, certificateBound }) => uses.includes('login') || !(dpopBound || certificateBound),
    {
      message: '--dpop-bound and --certificate-bound are for --use login',
    },
  )
  .refine(({ dpopBound, certificateBound }) => !(dpopBound && certificateBound), {
    message: '--dpop-bound and --certificate-bound cannot be combined: a session has one binding',
  })
  .transform(({ name, uses, dpopBound, certificateBound }): ClientRequest => {
    const boundTo = dpopBound ? 'dpop' : certificateBound ? 'certificate' : undefined;
    return { name, uses: SERVICE_USES.filter((use) => uses.includes(use)), boundTo };
  });

/**
 * `portcullis client add`: prints the id of the new client and its secret, which is not stored and cannot be shown again.
 * A client for logins has no secret.
 * @returns the exit code
 */
export async function runClientAdd(env: Environment, given: GivenClient): Promise<number> {
  const request = requestSchema.safeParse(given);
  if (!request.success) return fail(z.prettifyError(request.error));
  return withRedis(env, async (redis, settings) => {
    const { client, secret } = await add(redis, request.data);
    const event = { action: 'client_add', subject: client.id, detail: usesText(client, ' ') } as const;
    await auditByOperator(redis, settings, event);
    process.stdout.write(`client_id=${client.id}\n`);
    if (secret === undefined) return 0;
    process.stdout.write(`client_secret=${secret}\n`);
    process.stderr.write('Store the secret now: it cannot be shown again.\n');
    return 0;
  });
}

async function add(
  redis: RedisStore,
  { name, uses, boundTo }: ClientRequest,
): Promise<{ client: RegisteredClient; secret?: string }> {
  if (uses.length === 0) return { client: await addLoginClient(redis, { name, boundTo }, new Date()) };
  const { secret, ...client } = await addClient(redis, { name, uses }, new Date());
  return { client, secret };
}

/** Such as `revoke,introspect`, `login` or `login:dpop-bound`. */
const usesText = ({ uses, boundTo }: RegisteredClient, separator: string): string =>
  uses.join(separator) + (boundTo === undefined ? '' : `:${boundTo}-bound`);

/** `portcullis client list`: id, creation time, permitted uses and name of each client. @returns the exit code */
export function runClientList(env: Environment): Promise<number> {
  return withRedis(env, async (redis) => {
    for (const client of await listClients(redis))
      process.stdout.write(`${client.id}  ${client.created}  ${usesText(client, ',')}  ${client.name}\n`);
    return 0;
  });
}

/** `portcullis client remove`: takes effect on the client's next request, or the next refresh of its sessions. @returns the exit code */
export function runClientRemove(env: Environment, id: string): Promise<number> {
  return withRedis(env, async (redis, settings) => {
    if (!(await removeClient(redis, id))) return fail('there is no such client');
    await auditByOperator(redis, settings, { action: 'client_remove', subject: id });
    process.stdout.write(`removed ${id}\n`);
    return 0;
  });
}
