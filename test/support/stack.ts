import { postHistory, seedDemoAccounts } from '../../src/bank/demo/accounts.ts';
import type { Account } from '../../src/bank/schemas.ts';
import { type RunningBank, startBank } from '../../src/bank/server.ts';
import { bankSettings } from '../../src/config/load.ts';
import { createLog } from '../../src/log.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts';
import { freePort } from './ports.ts';

export interface TestStack extends TestGateway {
  bank: RunningBank;
  /** Account ids of the demo customers. */
  accounts: { bob: string; alice: string };
}

export interface StackOptions extends TestGatewayOptions {
  /** The length of each account's history of random transactions, which are the same each time. */
  historyMs?: number;
}

/** Starts the gateway in front of the bank, with one private Redis, the demo users and their accounts. */
export async function startTestStack(
  env: Record<string, string> = {},
  bankEnv: Record<string, string> = {},
  { historyMs = 0, ...options }: StackOptions = {},
): Promise<TestStack> {
  const [gatewayPort, bankPort] = [await freePort(), await freePort()];
  const issuer = `http://127.0.0.1:${gatewayPort}`;
  const gatewayEnv = {
    GATEWAY_PORT: String(gatewayPort),
    ISSUER: issuer,
    BANK_URL: `http://127.0.0.1:${bankPort}`,
    ...env,
  };
  const gateway = await startTestGateway(gatewayEnv, createLog('gateway', 'silent'), options);
  const settings = bankSettings({
    REDIS_URL: gateway.redis.url,
    BANK_PORT: String(bankPort),
    ISSUER: issuer,
    BANK_TRANSACTION_INTERVAL_MS: '0',
    SHUTDOWN_GRACE_MS: '500',
    SHUTDOWN_SETTLE_MS: '0',
    ...bankEnv,
  });
  const bank = await startBank({ settings, log: createLog('bank', 'silent') });
  const [bob, alice] = await openAccounts(gateway, historyMs);
  return {
    ...gateway,
    bank,
    accounts: { bob: bob?.id ?? '', alice: alice?.id ?? '' },
    close: async () => {
      await bank.close();
      await gateway.close();
    },
  };
}

async function openAccounts({ link, users }: TestGateway, historyMs: number): Promise<Account[]> {
  const nowMs = Date.now();
  const owners = users.filter(({ username }) => ['bob', 'alice'].includes(username));
  const demo = owners.map(({ id, displayName }) => ({ ownerId: id, name: displayName }));
  const options = { currency: 'EUR', nowMs: nowMs - historyMs };
  const accounts = await seedDemoAccounts(link, demo, options);
  const history = { seed: 1, transactionsKept: 10_000, transfersPerDayMax: 10_000 };
  for (const [rank, account] of accounts.entries())
    await postHistory(link, account, { ...history, rank }, nowMs);
  return accounts;
}
