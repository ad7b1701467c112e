import { test as base } from 'vitest';
import { startGateway } from '../../src/gateway/server.ts';
import { createLog } from '../../src/log.ts';
import { startTestGateway, type TestGateway } from './gateway.ts';

export interface GatewayPair extends TestGateway {
  /** The URL of the second gateway. */
  otherUrl: string;
}

/** Starts two gateways with the same Redis and keys, as behind a load balancer. */
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

/** A `test` with two gateways over one Redis (`pair`) for the whole file. */
export const pairTest = (env: Record<string, string> = {}) =>
  base.extend('pair', { scope: 'file' }, async ({}, { onCleanup }): Promise<GatewayPair> => {
    const pair = await startGatewayPair(env);
    onCleanup(() => pair.close());
    return pair;
  });
