import { z } from 'zod';
import type { Environment, GatewaySettings } from '../config/load.ts';
import type { RedisLink } from '../redis/connection.ts';
import { Refusal } from '../refusal.ts';
import { displayNameSchema, emailSchema, usernameSchema } from '../users/fields.ts';
import { passwordFault } from '../users/password-rules.ts';
import { PasswordHasher } from '../users/passwords.ts';
import { roleSchema } from '../users/roles.ts';
import { addUser } from '../users/users.ts';
import { auditByOperator } from './operator-audit.ts';
import { readPassword } from './password-input.ts';
import { fail } from './run.ts';
import { withRedis } from './with-redis.ts';

const requestSchema = z
  .object({
    username: usernameSchema,
    displayName: displayNameSchema,
    role: roleSchema,
    email: emailSchema.optional(),
    password: z.string(),
  })
  .superRefine(async ({ username, password }, context) => {
    const message = await passwordFault(password, username);
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['password'], message });
  });

/** `portcullis user add`. @returns the exit code */
export async function runUserAdd(
  env: Environment,
  given: { username: string; displayName?: string; role: string; email?: string },
): Promise<number> {
  const password = await readPassword(`Password for ${given.username}: `);
  const request = await requestSchema.safeParseAsync({ displayName: given.username, ...given, password });
  if (!request.success) return fail(z.prettifyError(request.error));
  return withRedis(env, (redis, settings) => add(redis, settings, request.data));
}

async function add(
  redis: RedisLink,
  settings: GatewaySettings,
  { password, ...request }: z.output<typeof requestSchema>,
): Promise<number> {
  const hasher = new PasswordHasher({ workers: 1, queueMax: 1 });
  try {
    const user = await addUser(redis, { ...request, passwordHash: await hasher.hash(password) }, new Date());
    if (user instanceof Refusal) return fail(`the user ${request.username} already exists`);
    await auditByOperator(redis, settings, { action: 'user_create', subject: user.id, detail: user.role });
    process.stdout.write(`added ${user.username} (${user.role}), id ${user.id}\n`);
    return 0;
  } finally {
    await hasher.close();
  }
}
