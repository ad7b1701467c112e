import { test as base } from 'vitest';
import { RedisAuditLog, type RedisAuditLogOptions } from '../../src/audit/audit-log.ts';
import type { AuditLogName } from '../../src/audit/logs.ts';
import { createLog, type Logger } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { type AuditRecord, auditRecords } from './audit-records.ts';

type StoreSettings = Partial<RedisAuditLogOptions['settings']>;

export interface AuditStore {
  redis: TestRedis;
  /** The connection of one of four processes. */
  link(process?: number): RedisLink;
  /** The audit log of one of four processes. */
  open(options?: {
    process?: number;
    settings?: StoreSettings;
    log?: Logger;
    now?: () => number;
  }): RedisAuditLog;
  /** All records of a log, oldest first. */
  records(log?: AuditLogName): Promise<AuditRecord[]>;
}

/** Limits that no test reaches unless it sets its own. */
export const NO_LIMITS = {
  auditRecordsMax: 1_000_000,
  auditCustomerRecordsMax: 1_000_000,
  auditUnexportedPercent: 200,
  auditRecordsPerActorPerMinute: 1_000_000,
};

/** A logger that keeps its lines. */
export function capturingLog(): { log: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const capture = (line: Record<string, unknown>): void => void lines.push(line);
  const silent = createLog('gateway', 'silent');
  const log = Object.assign(Object.create(silent), {
    info: capture,
    warn: capture,
    error: capture,
  }) as Logger;
  return { log, lines };
}

/** A `test` with empty audit logs in a real, private Redis (`store`). */
export const auditTest = base
  .extend('shared', { scope: 'file' }, async ({}, { onCleanup }): Promise<AuditStore> => {
    const redis = await startTestRedis({ persist: true });
    const silent = createLog('gateway', 'silent');
    const links = Array.from(
      { length: 4 },
      () => new RedisLink({ url: redis.url, deadlineMs: 900, log: silent }),
    );
    onCleanup(async () => {
      for (const link of links) link.close();
      await redis.stop();
    });
    await Promise.all(links.map((link) => link.whenReady(30_000)));
    const link = (process = 0): RedisLink => links[process] as RedisLink;
    return {
      redis,
      link,
      open: ({ process, settings, log = silent, now } = {}) =>
        new RedisAuditLog({
          redis: link(process),
          log,
          settings: { ...NO_LIMITS, ...settings },
          ...(now && { now }),
        }),
      records: (log) => auditRecords(link(), log),
    };
  })
  .extend('store', async ({ shared }): Promise<AuditStore> => {
    await shared.redis.flush();
    return shared;
  });
