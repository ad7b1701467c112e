import { z } from 'zod';
import { openAccount } from '../bank/ledger/accounts.ts';
import { bankSettings, type Environment } from '../config/load.ts';
import { findUserByName } from '../users/users.ts';
import { fail } from './run.ts';
import { withRedis } from './with-redis.ts';

const requestSchema = z.object({
  username: z.string(),
  name: z.string().min(1).max(128),
  balanceMinor: z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number of minor units')
    .transform(Number),
});

/** `portcullis account open`. @returns the exit code */
export async function runAccountOpen(
  env: Environment,
  given: { username: string; name: string; balanceMinor: string },
): Promise<number> {
  const request = requestSchema.safeParse(given);
  if (!request.success) return fail(z.prettifyError(request.error));
  const { username, name, balanceMinor: openingBalanceMinor } = request.data;
  return withRedis(env, async (redis) => {
    const owner = await findUserByName(redis, username);
    if (owner === undefined) return fail(`there is no user ${username}`);
    const { bankCurrency: currency } = bankSettings(env);
    const options = { ownerId: owner.id, name, currency, openingBalanceMinor, generated: false };
    const account = await openAccount(redis, options, Date.now());
    process.stdout.write(`opened ${account.id} for ${owner.username}\n`);
    return 0;
  });
}
