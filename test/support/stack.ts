import { once } from 'node:events';
import { createServer } from 'node:net';
import { seedDemoAccounts } from '../../src/bank/ledger-accounts.ts';
import { type RunningBank, startBank } from '../../src/bank/server.ts';
import { bankSettings } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import { startTestGateway, type TestGateway } from './gateway.ts';

export interface TestStack extends TestGateway {
  bank: RunningBank;
  /** Account ids of the demo customers. */
  accounts: { bob: string; alice: string };
}

/** The real gateway before the real bank, over one private Redis, with the demo users and their accounts. */
export async function startTestStack(
  env: Record<string, string> = {},
  bankEnv: Record<string, string> = {},
): Promise<TestStack> {
  const [gatewayPort, bankPort] = [await freePort(), await freePort()];
  const issuer = `http://127.0.0.1:${gatewayPort}`;
  const gateway = await startTestGateway({
    GATEWAY_PORT: String(gatewayPort),
    ISSUER: issuer,
    BANK_URL: `http://127.0.0.1:${bankPort}`,
    ...env,
  });
  const settings = bankSettings({
    REDIS_URL: gateway.redis.url,
    BANK_PORT: String(bankPort),
    ISSUER: issuer,
    BANK_TRANSACTION_INTERVAL_MS: '0',
    ...bankEnv,
  });
  const bank = await startBank({ settings, log: createLog('bank', 'silent') });
  const owners = gateway.users.filter(({ username }) => ['bob', 'alice'].includes(username));
  const demo = owners.map(({ id, displayName }) => ({ ownerId: id, name: displayName }));
  const [bob, alice] = await seedDemoAccounts(gateway.link, demo);
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
