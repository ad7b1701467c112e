import type { AuditEvent } from '../audit/event.ts';
import { type Environment, type GatewaySettings, gatewaySettings } from '../config/load.ts';
import { keysDirectory } from '../keys/open.ts';
import type { RingRecord } from '../keys/schedule.ts';
import { announceRing, type RingRollout } from '../keys/sync.ts';
import { createLog } from '../log.ts';
import { RedisLink, RedisUnavailable } from '../redis/connection.ts';
import { recordByOperator } from './operator-record.ts';
import { refusalMessage } from './run-server.ts';
import { KEYS_NOT_USED } from './with-redis.ts';

const CONNECT_WAIT_MS = 1000;
const KNOWN_WITHIN_MS = 2000;

/** What a command about the key ring works with. */
export interface RingCommand {
  settings: GatewaySettings;
  directory: string;
  /** Tells the gateways, and waits until they know or `waitMs` is over. It says on standard error what did not work. */
  tell(record: RingRecord, waitMs?: number): Promise<RingRollout | undefined>;
  /** Writes a record to the audit trail. @returns whether it could */
  audit(event: Pick<AuditEvent, 'action' | 'subject' | 'detail'>): Promise<boolean>;
}

/**
 * Runs a command about the ring that the settings name. It works without Redis too: a leaked key has to go whether
 * or not anybody can be told, and the gateways look at the directory by themselves.
 * @returns the exit code
 */
export async function withRing(
  env: Environment,
  command: (ring: RingCommand) => Promise<number>,
): Promise<number> {
  let redis: RedisLink | undefined;
  try {
    const settings = gatewaySettings({ ...env, ...KEYS_NOT_USED });
    const refusal = reasonAgainst(env, settings);
    if (refusal !== undefined) return complain(refusal);
    const log = createLog('cli', 'silent');
    redis = new RedisLink({ url: settings.redisUrl, deadlineMs: settings.redisDeadlineMs, log });
    return await command(ringCommand(settings, redis));
  } catch (fault) {
    const message = refusalMessage(fault);
    if (message === undefined) throw fault;
    return complain(message);
  } finally {
    redis?.close();
  }
}

/** @returns the exit code of a command that is refused */
export function complain(message: string): number {
  process.stderr.write(`portcullis: ${message}\n`);
  return 1;
}

function reasonAgainst(env: Environment, { nodeEnv, keysDir }: GatewaySettings): string | undefined {
  if (env.SIGNING_KEY || env.SIGNING_KEY_FILE)
    return 'SIGNING_KEY: fixes the keys; change that setting, or give KEYS_DIR instead of it';
  if (nodeEnv === 'production' && keysDir === undefined)
    return 'KEYS_DIR: wants the directory of the key ring in production';
  return undefined;
}

function ringCommand(settings: GatewaySettings, redis: RedisLink): RingCommand {
  return {
    settings,
    directory: keysDirectory(settings),
    tell: (record, waitMs = KNOWN_WITHIN_MS) =>
      orComplain('the gateways could not be told; each looks at the directory every second', async () => {
        await redis.whenReady(CONNECT_WAIT_MS);
        return announceRing(redis, record, waitMs);
      }),
    audit: async (event) => {
      const record = async (): Promise<true> => {
        await recordByOperator(redis, settings, event);
        return true;
      };
      return (await orComplain(`the audit trail has no record of this ${event.action}`, record)) ?? false;
    },
  };
}

async function orComplain<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (fault) {
    if (!(fault instanceof RedisUnavailable)) throw fault;
    complain(`${what} (REDIS_URL: ${fault.message})`);
    return undefined;
  }
}
