import { z } from 'zod';
import type { Environment, GatewaySettings } from '../config/load.ts';
import { presentPeppers } from '../keys/pepper.ts';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';
import { displayNameSchema, emailSchema, usernameSchema } from '../users/fields.ts';
import { PasswordRules } from '../users/password-rules.ts';
import { PasswordHasher } from '../users/passwords.ts';
import { roleSchema } from '../users/roles.ts';
import { addUser } from '../users/users.ts';
import { auditByOperator } from './operator-audit.ts';
import { readPassword } from './password-input.ts';
import { fail } from './run.ts';
import { passwordSettings, withRedis } from './with-redis.ts';

const requestSchema = z.object({
  username: usernameSchema,
  displayName: displayNameSchema,
  role: roleSchema,
  email: emailSchema.optional(),
});
type UserRequest = z.output<typeof requestSchema>;

/** `portcullis user add`. @returns the exit code */
export async function runUserAdd(
  env: Environment,
  given: { username: string; displayName?: string; role: string; email?: string },
): Promise<number> {
  const password = await readPassword(`Password for ${given.username}: `);
  const request = requestSchema.safeParse({ displayName: given.username, ...given });
  if (!request.success) return fail(z.prettifyError(request.error));
  return withRedis(env, async (redis) => {
    const settings = passwordSettings(env);
    const fault = await passwordFault(settings, password, request.data);
    return fault === undefined
      ? add(redis, settings, { ...request.data, password })
      : fail(`✖ ${fault}\n  → at password`);
  });
}

async function passwordFault(settings: GatewaySettings, password: string, owner: UserRequest) {
  const { passwordMinCharacters: minCharacters, passwordMinScore: minScore, issuer } = settings;
  const rules = new PasswordRules({ minCharacters, minScore, issuer, queueMax: 1 });
  try {
    return await rules.faultOf(password, owner);
  } finally {
    await rules.close();
  }
}

async function add(
  redis: RedisStore,
  settings: GatewaySettings,
  { password, ...request }: UserRequest & { password: string },
): Promise<number> {
  const cost = { memoryKib: settings.passwordMemoryKib, passes: settings.passwordPasses };
  const peppers = await presentPeppers(settings);
  const hasher = new PasswordHasher({ workers: 1, queueMax: 1, peppers, cost });
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
