import type { Environment, GatewaySettings } from '../config/load.ts';
import { keysDirectory } from '../keys/open.ts';
import type { RingRecord } from '../keys/schedule.ts';
import { announceRing, type RingRollout } from '../keys/sync.ts';
import { RedisUnavailable } from '../redis/connection.ts';
import type { RedisStore } from '../redis/store.ts';
import { auditByOperator, type OperatorEvent } from './operator-audit.ts';
import { fail, runCommand } from './run.ts';
import { administrationSettings, openQuietly } from './with-redis.ts';

const CONNECT_TIMEOUT_MS = 1000;
const ROLLOUT_TIMEOUT_MS = 2000;

/** What a command on the key ring works with. */
export interface KeyRingCommand {
  settings: GatewaySettings;
  directory: string;
  /**
   * Announces the ring to the gateways and waits for their confirmations, at most `waitMs`. Prints a message and
   * returns undefined if Redis is unavailable.
   */
  announce(record: RingRecord, waitMs?: number): Promise<RingRollout | undefined>;
  /** Writes an audit record. @returns false, after a message, if Redis is unavailable */
  audit(event: OperatorEvent): Promise<boolean>;
}

/**
 * Runs a command on the key ring of the settings. It works without Redis, because a leaked key must be removable at any
 * time; gateways also check the directory themselves.
 * @returns the exit code
 */
export function withKeyRing(
  env: Environment,
  command: (ring: KeyRingCommand) => Promise<number>,
): Promise<number> {
  return runCommand(async () => {
    const settings = administrationSettings(env);
    const fault = ringFault(env, settings);
    if (fault !== undefined) return fail(fault);
    const redis = openQuietly(settings);
    try {
      return await command(ringCommand(settings, redis));
    } finally {
      redis.close();
    }
  });
}

function ringFault(env: Environment, { nodeEnv, keysDir }: GatewaySettings): string | undefined {
  if (env.SIGNING_KEY || env.SIGNING_KEY_FILE)
    return 'SIGNING_KEY: the keys are set by this setting; change it there, or set KEYS_DIR instead';
  if (nodeEnv === 'production' && keysDir === undefined)
    return 'KEYS_DIR: must be the directory of the key ring in production';
  return undefined;
}

function ringCommand(settings: GatewaySettings, redis: RedisStore): KeyRingCommand {
  return {
    settings,
    directory: keysDirectory(settings),
    announce: (record, waitMs = ROLLOUT_TIMEOUT_MS) =>
      unlessUnavailable('could not notify the gateways, which check the directory every second', async () => {
        await redis.whenReady(CONNECT_TIMEOUT_MS);
        return announceRing(redis, record, waitMs);
      }),
    audit: async (event) => {
      const record = async (): Promise<true> => {
        await auditByOperator(redis, settings, event);
        return true;
      };
      return (await unlessUnavailable(`could not write an audit record of ${event.action}`, record)) ?? false;
    },
  };
}

async function unlessUnavailable<T>(message: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (fault) {
    if (!(fault instanceof RedisUnavailable)) throw fault;
    fail(`${message} (REDIS_URL: ${fault.message})`);
    return undefined;
  }
}
