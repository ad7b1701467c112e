import { type Environment, type GatewaySettings, gatewaySettings } from '../config/load.ts';
import { createLog } from '../log.ts';
import { RedisLink, RedisUnavailable } from '../redis/connection.ts';
import { refusalMessage } from './run-server.ts';

const CONNECT_WAIT_MS = 2000;

/** Keys that the gateway insists on and no administrative command has any use for. */
export const KEYS_NOT_USED = {
  SIGNING_KEY: 'not used',
  SIGNING_KEY_FILE: undefined,
  REFRESH_KEY: 'not-used'.padEnd(43, '-'),
  REFRESH_KEY_FILE: undefined,
};

/**
 * Runs one administrative command with a connection to the Redis that the settings name.
 * @returns the exit code: what `command` returns, or 1 with a message when it could not be run
 */
export async function withRedis(
  env: Environment,
  command: (redis: RedisLink, settings: GatewaySettings) => Promise<number>,
): Promise<number> {
  let redis: RedisLink | undefined;
  try {
    const settings = gatewaySettings({ ...env, ...KEYS_NOT_USED });
    redis = new RedisLink({
      url: settings.redisUrl,
      deadlineMs: settings.redisDeadlineMs,
      log: createLog('cli', 'silent'),
    });
    await redis.whenReady(CONNECT_WAIT_MS);
    return await command(redis, settings);
  } catch (fault) {
    const message = fault instanceof RedisUnavailable ? `REDIS_URL: ${fault.message}` : refusalMessage(fault);
    if (message === undefined) throw fault;
    process.stderr.write(`portcullis: ${message}\n`);
    return 1;
  } finally {
    redis?.close();
  }
}
