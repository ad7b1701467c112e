import { gatewaySettings } from '../../src/config/load.ts';
import { type RunningGateway, startGateway } from '../../src/gateway/server.ts';
import { createLog, type Logger } from '../../src/log.ts';
import type { TestGateway } from './gateway.ts';
import { LIMITS_OFF } from './limits-off.ts';

/** Starts another gateway with the same Redis and keys, so that a token of one is valid at the other. */
export function startGatewayBeside(
  { redis, signingKeyPem, settings: { dataDir, passwordMemoryKib, passwordPasses } }: TestGateway,
  env: Record<string, string>,
  log: Logger = createLog('gateway', 'silent'),
): Promise<RunningGateway> {
  const shared = { REDIS_URL: redis.url, SIGNING_KEY: signingKeyPem, DATA_DIR: dataDir, GATEWAY_PORT: '0' };
  const parsed = gatewaySettings({ ...LIMITS_OFF, ...shared, ...env });
  const settings = { ...parsed, passwordMemoryKib, passwordPasses };
  return startGateway({ settings, log });
}
