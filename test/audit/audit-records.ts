import type { RedisLink } from '../../src/redis/connection.ts';
import { auditKey } from '../../src/redis/keys.ts';

export interface AuditRecord {
  seq: number;
  time: string;
  prev: string;
  /** Stored beside the text of the record. */
  hash: string;
  action: string;
  result: string;
  actor?: string;
  subject?: string;
  session?: string;
  address?: string;
  requestId?: string;
  detail?: string;
}

/** All audit records in Redis, oldest first. */
export async function auditRecords(redis: RedisLink): Promise<AuditRecord[]> {
  const entries = (await redis.run((client) => client.xRange(auditKey(), '-', '+'))) ?? [];
  return entries.map(({ message: { record = '{}', hash = '' } }) => ({ ...JSON.parse(record), hash }));
}
