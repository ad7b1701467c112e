import { z } from 'zod';
import type { Environment } from '../config.ts';
import { PasswordHasher } from '../identity/passwords.ts';
import { roleSchema } from '../identity/roles.ts';
import { addUser } from '../identity/users.ts';
import type { RedisLink } from '../redis/connect.ts';
import { Refusal } from '../refusal.ts';
import { readPassword } from './password-input.ts';
import { withRedis } from './with-redis.ts';

const requestSchema = z.object({
  username: z.string().regex(/^[^\s\p{C}]{1,128}$/u, 'wants 1 to 128 characters without white space'),
  displayName: z.string().min(1).max(128),
  role: roleSchema,
  password: z.string().min(8, 'wants at least 8 characters').max(256, 'wants at most 256 characters'),
});

/** `portcullis user add`. @returns the exit code */
export async function runUserAdd(
  env: Environment,
  given: { username: string; displayName?: string; role: string },
): Promise<number> {
  const password = await readPassword(`Password for ${given.username}: `);
  const request = requestSchema.safeParse({ displayName: given.username, ...given, password });
  if (!request.success) {
    process.stderr.write(`portcullis: ${z.prettifyError(request.error)}\n`);
    return 1;
  }
  return withRedis(env, (redis) => add(redis, request.data));
}

async function add(
  redis: RedisLink,
  { password, ...request }: z.output<typeof requestSchema>,
): Promise<number> {
  const hasher = new PasswordHasher({ workers: 1, queueMax: 1 });
  try {
    const user = await addUser(redis, { ...request, passwordHash: await hasher.hash(password) }, new Date());
    if (user instanceof Refusal) {
      process.stderr.write(`portcullis: there is a user ${request.username} already\n`);
      return 1;
    }
    process.stdout.write(`added ${user.username} (${request.role}), id ${user.id}\n`);
    return 0;
  } finally {
    await hasher.close();
  }
}
