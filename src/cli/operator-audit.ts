import { userInfo } from 'node:os';
import { announceRecord } from '../audit/announcements.ts';
import { RedisAuditLog } from '../audit/audit-log.ts';
import type { AuditEvent } from '../audit/event.ts';
import type { GatewaySettings } from '../config/load.ts';
import { commandLog, createLog } from '../log.ts';
import { RedisUnavailable } from '../redis/connection.ts';
import type { RedisStore } from '../redis/store.ts';

/** An action of the command line. */
export type OperatorEvent = Pick<AuditEvent, 'action' | 'subject' | 'detail'>;

/**
 * Writes an audit record of an action on the command line: to Redis, to standard error as a line of JSON, and to the
 * logs of the gateways that are running. If Redis is unavailable, standard error has the record.
 * @throws {RedisUnavailable} if the record is not in Redis
 */
export async function auditByOperator(
  redis: RedisStore,
  settings: GatewaySettings,
  event: OperatorEvent,
): Promise<void> {
  const audit = new RedisAuditLog({ redis, log: createLog('cli', 'silent'), settings });
  const lines = commandLog();
  const full = { ...event, result: 'done', actor: 'operator', operator: operatorName() } as const;
  try {
    const record = await audit.append(full, Date.now());
    lines.info({ event: 'audit', log: 'security', record: record.record, hash: record.hash });
    await announceRecord(redis, record).catch((err: unknown) => {
      if (!(err instanceof RedisUnavailable)) throw err;
      lines.warn({ event: 'audit_not_announced', err }, 'the gateways do not have the record in their logs');
    });
  } catch (err) {
    lines.error({ event: 'audit_not_kept', record: full, err }, 'an audit record could not be stored');
    throw err;
  } finally {
    await audit.close();
  }
}

/** The name of the operating system's user, or the number if it has no name. */
function operatorName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
