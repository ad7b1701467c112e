import { randomInt } from 'node:crypto';
import { type DemoOwner, postHistory, seedDemoAccounts } from '../bank/demo/accounts.ts';
import { accountsOf } from '../bank/ledger/accounts.ts';
import type { BankSettings } from '../config/load.ts';
import { createLog } from '../log.ts';
import { openStore } from '../redis/open.ts';
import type { RedisStore } from '../redis/store.ts';
import { PasswordHasher } from '../users/passwords.ts';
import { seedDemoUsers } from './demo-users.ts';
import type { DevPlan } from './plan.ts';

const CONNECT_TIMEOUT_MS = 5000;
/** How far back the transactions of a new demo account go. */
const HISTORY_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Creates the demo users and their accounts with a week of transactions, unless they exist. @throws {RedisUnavailable}
 */
export async function seedDemo(redisUrl: string, { gateway, bank }: DevPlan): Promise<void> {
  const log = createLog('dev', 'silent');
  const redis = openStore({ ...gateway, redisUrl }, { log });
  const hasher = new PasswordHasher({ workers: 1, queueMax: 1 });
  try {
    await redis.whenReady(CONNECT_TIMEOUT_MS);
    const now = new Date();
    const users = await seedDemoUsers(redis, hasher, now);
    const owners = users.map(({ id, displayName }) => ({ ownerId: id, name: displayName }));
    await seedAccounts(redis, owners, bank, now.getTime());
  } finally {
    redis.close();
    await hasher.close();
  }
}

async function seedAccounts(
  redis: RedisStore,
  owners: readonly DemoOwner[],
  { bankCurrency: currency, bankSeed, ...settings }: BankSettings,
  nowMs: number,
): Promise<void> {
  const seed = bankSeed ?? randomInt(2 ** 32);
  const accounts = await Promise.all(owners.map(({ ownerId }) => accountsOf(redis, ownerId)));
  const newOwners = owners.filter((_, n) => accounts[n]?.length === 0);
  const kept = {
    transactionsKept: settings.bankTransactionsKept,
    transfersPerDayMax: settings.bankTransfersPerAccountDayMax,
  };
  const opened = await seedDemoAccounts(redis, newOwners, { currency, nowMs: nowMs - HISTORY_MS });
  await Promise.all(
    opened.map((account, rank) => postHistory(redis, account, { ...kept, seed, rank }, nowMs)),
  );
}
