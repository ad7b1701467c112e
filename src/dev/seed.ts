import { seedDemoAccounts } from '../bank/ledger-accounts.ts';
import { seedDemoUsers } from '../identity/demo-users.ts';
import { PasswordHasher } from '../identity/passwords.ts';
import { createLog } from '../log.ts';
import { RedisLink } from '../redis/connect.ts';
import type { DevPlan } from './plan.ts';

const CONNECT_DEADLINE_MS = 5000;

/** Makes the demo users and their accounts where they don't exist yet. @throws {RedisUnavailable} */
export async function seedDemo(redisUrl: string, { gateway, bank }: DevPlan): Promise<void> {
  const log = createLog('dev', 'silent');
  const redis = new RedisLink({ url: redisUrl, deadlineMs: gateway.redisDeadlineMs, log });
  const hasher = new PasswordHasher({ workers: 1, queueMax: 1 });
  try {
    await redis.whenReady(CONNECT_DEADLINE_MS);
    const now = new Date();
    const users = await seedDemoUsers(redis, hasher, now);
    const owners = users.map(({ id, displayName }) => ({ ownerId: id, name: displayName }));
    await seedDemoAccounts(redis, owners, { currency: bank.bankCurrency, nowMs: now.getTime() });
  } finally {
    redis.close();
    await hasher.close();
  }
}
