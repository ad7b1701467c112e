import { type Environment, type GatewaySettings, gatewaySettings } from '../config/load.ts';
import { createLog } from '../log.ts';
import { openStore } from '../redis/open.ts';
import type { RedisStore } from '../redis/store.ts';
import { runCommand } from './run.ts';

const CONNECT_TIMEOUT_MS = 2000;

/** Placeholders for keys that a gateway must have in production and that a command does not use. */
const UNUSED_SIGNING_KEY = { SIGNING_KEY: 'not used', SIGNING_KEY_FILE: undefined };
const UNUSED_KEYS = {
  REFRESH_KEY: 'not-used'.padEnd(43, '-'),
  REFRESH_KEY_FILE: undefined,
};
const UNUSED_PEPPER = { PASSWORD_PEPPER: 'not used', PASSWORD_PEPPER_FILE: undefined };

/** The gateway's settings, for a command that needs no keys. @throws {SettingsRefused} */
export const administrationSettings = (env: Environment): GatewaySettings =>
  gatewaySettings({ ...env, ...UNUSED_KEYS, ...UNUSED_SIGNING_KEY, ...UNUSED_PEPPER });

/** The gateway's settings, for a command that uses the signing keys. @throws {SettingsRefused} */
export const signingSettings = (env: Environment): GatewaySettings =>
  gatewaySettings({ ...env, ...UNUSED_KEYS, ...UNUSED_PEPPER });

/** The gateway's settings, for a command that stores passwords and needs no other keys. @throws {SettingsRefused} */
export const passwordSettings = (env: Environment): GatewaySettings =>
  gatewaySettings({ ...env, ...UNUSED_KEYS, ...UNUSED_SIGNING_KEY });

export const openQuietly = (settings: GatewaySettings): RedisStore =>
  openStore(settings, { log: createLog('cli', 'silent') });

/**
 * Runs an administrative command with a connection to Redis.
 * @returns the exit code of `command`, or 1 after a message if the settings are invalid or Redis is unavailable
 */
export function withRedis(
  env: Environment,
  command: (redis: RedisStore, settings: GatewaySettings) => Promise<number>,
): Promise<number> {
  return runCommand(async () => {
    const settings = administrationSettings(env);
    const redis = openQuietly(settings);
    try {
      await redis.whenReady(CONNECT_TIMEOUT_MS);
      return await command(redis, settings);
    } finally {
      redis.close();
    }
  });
}
