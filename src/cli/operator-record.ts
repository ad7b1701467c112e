import { RedisAuditLog } from '../audit/audit-log.ts';
import type { AuditEvent } from '../audit/event.ts';
import type { GatewaySettings } from '../config/load.ts';
import { createLog } from '../log.ts';
import type { RedisLink } from '../redis/connection.ts';

/** Records what was done from the command line. @throws {RedisUnavailable} */
export function recordByOperator(
  redis: RedisLink,
  settings: GatewaySettings,
  event: Pick<AuditEvent, 'action' | 'subject' | 'detail'>,
): Promise<void> {
  const trail = new RedisAuditLog(redis, createLog('cli', 'silent'), settings.auditRecordsMax);
  return trail.record({ ...event, result: 'done', actor: 'operator' }, Date.now());
}
