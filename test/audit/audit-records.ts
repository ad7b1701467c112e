import { AUDIT_LOGS, type AuditLogName } from '../../src/audit/logs.ts';
import { newestFirst } from '../../src/audit/records.ts';
import type { RedisLink } from '../../src/redis/connection.ts';

export interface AuditRecord {
  log: AuditLogName;
  seq: number;
  time: string;
  prev: string;
  /** Stored beside the text of the record. */
  hash: string;
  action: string;
  result: string;
  actor?: string;
  role?: string;
  operator?: string;
  subject?: string;
  account?: string;
  session?: string;
  address?: string;
  requestId?: string;
  status?: number;
  count?: number;
  detail?: string;
}

/** All records of one audit log in Redis, or of both by the time at which they were stored, oldest first. */
export async function auditRecords(redis: RedisLink, log?: AuditLogName): Promise<AuditRecord[]> {
  const found: { id: string; record: AuditRecord }[] = [];
  for (const name of AUDIT_LOGS.filter((each) => log === undefined || each === log))
    for await (const { id, text, hash } of newestFirst(redis, name, '+'))
      found.unshift({ id, record: { ...JSON.parse(text || '{}'), log: name, hash } });
  return found.toSorted((a, b) => millisecondsOf(a.id) - millisecondsOf(b.id)).map(({ record }) => record);
}

const millisecondsOf = (id: string): number => Number(id.split('-')[0]);
