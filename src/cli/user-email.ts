import { z } from 'zod';
import type { Environment, GatewaySettings } from '../config/load.ts';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';
import { emailSchema } from '../users/fields.ts';
import { changeUser } from '../users/update.ts';
import { findUserByName } from '../users/users.ts';
import { auditByOperator } from './operator-audit.ts';
import { fail } from './run.ts';
import { withRedis } from './with-redis.ts';

/**
 * `portcullis user email`: sets the address of a user, which counts as confirmed. For users who have none, so that nobody
 * can send them a reset link. @returns the exit code
 */
export async function runUserEmail(
  env: Environment,
  { username, email }: { username: string; email: string },
): Promise<number> {
  const address = emailSchema.safeParse(email);
  if (!address.success) return fail(z.prettifyError(address.error));
  return withRedis(env, (redis, settings) => setEmail(redis, settings, username, address.data));
}

async function setEmail(
  redis: RedisStore,
  settings: GatewaySettings,
  username: string,
  email: string,
): Promise<number> {
  const user = await findUserByName(redis, username);
  if (user === undefined) return fail(`there is no user ${username}`);
  const set = { email, pendingEmail: undefined, resetJti: undefined };
  const outcome = await changeUser(redis, user.id, () => ({ set }));
  if (outcome instanceof Refusal) return fail(`the user could not be changed: ${outcome.reason}`);
  await auditByOperator(redis, settings, { action: 'email_change', subject: user.id });
  process.stdout.write(`${user.username} gets emails at ${email}\n`);
  return 0;
}
