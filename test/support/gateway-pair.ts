import { startGateway } from '../../src/gateway/server.ts';
import { createLog } from '../../src/log.ts';
import { startTestGateway, type TestGateway } from './gateway.ts';

export interface GatewayPair extends TestGateway {
  /** Where the second gateway listens. */
  otherUrl: string;
}

/** Two gateways over one Redis, with the same keys, as behind a load balancer. */
export async function startGatewayPair(env: Record<string, string> = {}): Promise<GatewayPair> {
  const one = await startTestGateway(env);
  const settings = { ...one.settings, gatewayPort: 0 };
  const other = await startGateway({ settings, log: createLog('gateway', 'silent') });
  return {
    ...one,
    otherUrl: other.url,
    close: async () => {
      await other.close();
      await one.close();
    },
  };
}
