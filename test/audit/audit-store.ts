import { test as base } from 'vitest';
import { RedisAuditLog } from '../../src/audit/audit-log.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { type AuditRecord, auditRecords } from './audit-records.ts';

export interface AuditStore {
  redis: TestRedis;
  /** The connection of one of four processes. */
  link(process?: number): RedisLink;
  /** The audit log of one of four processes. */
  open(process?: number, recordsMax?: number): RedisAuditLog;
  /** All records, oldest first. */
  records(): Promise<AuditRecord[]>;
}

/** More records than any test writes. */
export const RECORDS_MAX = 1_000_000;

/** A `test` with an empty audit log in a real, private Redis (`store`). */
export const auditTest = base
  .extend('shared', { scope: 'file' }, async ({}, { onCleanup }): Promise<AuditStore> => {
    const redis = await startTestRedis({ persist: true });
    const log = createLog('gateway', 'silent');
    const links = Array.from({ length: 4 }, () => new RedisLink({ url: redis.url, deadlineMs: 900, log }));
    onCleanup(async () => {
      for (const link of links) link.close();
      await redis.stop();
    });
    await Promise.all(links.map((link) => link.whenReady(5000)));
    const link = (process = 0): RedisLink => links[process] as RedisLink;
    return {
      redis,
      link,
      open: (process = 0, recordsMax = RECORDS_MAX) => new RedisAuditLog(link(process), log, recordsMax),
      records: () => auditRecords(link()),
    };
  })
  .extend('store', async ({ shared }): Promise<AuditStore> => {
    await shared.redis.flush();
    return shared;
  });
