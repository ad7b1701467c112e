import { expect } from 'vitest';
import { RedisAuditLog } from '../../src/audit/audit-log.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { createLog } from '../../src/log.ts';
import { RedisUnavailable } from '../../src/redis/connection.ts';
import { auditKey, auditMarkKey } from '../../src/redis/keys.ts';
import type { RedisCommand, RedisStore } from '../../src/redis/store.ts';
import { NO_LIMITS, auditTest as test } from './audit-store.ts';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const LOGIN: AuditEvent = { action: 'login', result: 'done', actor: 'bob' };
const log = createLog('cli', 'silent');

test.for<[string, unknown]>([
  ['a number in place of the hash', ['behind', 5, '{}']],
  ['nothing', null],
  ['an integer', 1],
  ['another word', ['PONG', 'x', 'y']],
  ['a number of records that is none', ['appended', 'x', '']],
  ['the hash of another log', ['behind', 'f'.repeat(64), '{"seq":900719925474099}']],
])('%s in a reply fails no later record and leaves no gap', async ([, reply], { store }) => {
  const link = store.link();
  let isOdd = false;
  const oddLink: Pick<RedisStore, 'runFor'> = {
    runFor: async <T>(key: string, command: RedisCommand<T>): Promise<T> => {
      if (!isOdd) return link.runFor(key, command);
      isOdd = false;
      return reply as T;
    },
  };
  const auditLog = new RedisAuditLog({ redis: oddLink as RedisStore, log, settings: NO_LIMITS });
  await auditLog.record(LOGIN, NOW_MS);
  isOdd = true;
  await auditLog
    .record(LOGIN, NOW_MS)
    .catch((fault: unknown) => expect(fault).toBeInstanceOf(RedisUnavailable));
  await auditLog.record({ ...LOGIN, detail: 'after it' }, NOW_MS);
  const records = await store.records();
  expect(records.at(-1)).toMatchObject({ detail: 'after it', seq: records.length });
  expect(await verifyAudit(link, 'customers')).toMatchObject({ records: records.length, fault: undefined });
  await auditLog.close();
});

test('all keys of the audit logs are in one slot of a Redis Cluster', async () => {
  const tagOf = (key: string): string => /\{(.+?)\}/.exec(key)?.[1] ?? key;
  const keys = (['security', 'customers'] as const).flatMap((name) => [auditKey(name), auditMarkKey(name)]);
  expect(new Set(keys.map(tagOf))).toEqual(new Set(['audit']));
});
