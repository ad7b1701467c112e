import { describe, expect } from 'vitest';
import { RedisAuditLog } from '../../src/audit/audit-log.ts';
import { hashOf, NO_RECORD } from '../../src/audit/chain.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink, RedisUnavailable } from '../../src/redis/connection.ts';
import { auditKey } from '../../src/redis/keys.ts';
import { runBeside } from '../support/beside.ts';
import { until } from '../support/until.ts';
import { capturingLog, NO_LIMITS, auditTest as test } from './audit-store.ts';

const EVENT: AuditEvent = { action: 'login', result: 'done', actor: 'somebody' };
const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

test('a record has a number, a time, the hash of the previous record, and all fields of the event', async ({
  store,
}) => {
  const auditLog = store.open();
  const event: AuditEvent = { ...EVENT, session: 'a session', address: '192.0.2.1', requestId: 'a request' };
  await auditLog.record(event, NOW_MS);
  await auditLog.record({ action: 'logout', result: 'done', subject: undefined }, NOW_MS + 1);
  const [first, second] = await store.records();
  expect(first).toEqual({
    log: 'customers',
    seq: 1,
    time: '2026-01-02T03:04:05.678Z',
    ...event,
    prev: NO_RECORD,
    hash: first?.hash,
  });
  expect(second).toMatchObject({ seq: 2, action: 'logout', prev: first?.hash });
  expect(second).not.toHaveProperty('subject');
});

test('four processes that write concurrently leave one chain without gaps', async ({ store }) => {
  const auditLogs = [0, 1, 2, 3].map((process) => store.open({ process }));
  const writes = Array.from({ length: 200 }, (_, i) =>
    (auditLogs[i % 4] as RedisAuditLog).record({ ...EVENT, detail: String(i) }, NOW_MS),
  );
  await Promise.all(writes);
  const written = await store.records();
  expect(written.map(({ seq }) => seq)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  expect(new Set(written.map(({ detail }) => detail)).size).toBe(200);
  expect(await verifyAudit(store.link(), 'customers')).toMatchObject({ records: 200, fault: undefined });
});

test('processes that write continuously do not starve another one', async ({ store }) => {
  const busy = [0, 1, 2].map((process) => store.open({ process }));
  const quiet = store.open({ process: 3 });
  const writers = runBeside(
    Array.from({ length: 30 }, (_, i) => () => (busy[i % 3] as RedisAuditLog).record(EVENT, NOW_MS)),
  );
  for (let i = 0; i < 20; i += 1) await quiet.record({ ...EVENT, actor: 'quiet' }, NOW_MS);
  await writers.stop();
  const written = await store.records();
  expect(written.filter(({ actor }) => actor === 'quiet')).toHaveLength(20);
  expect(await verifyAudit(store.link(), 'customers')).toMatchObject({
    records: written.length,
    fault: undefined,
  });
});

test('the process log has the whole record and its hash, out of reach of anyone who can write to Redis', async ({
  store,
}) => {
  const { log, lines } = capturingLog();
  const auditLog = store.open({ log });
  await auditLog.record({ ...EVENT, address: '192.0.2.1' }, NOW_MS);
  await auditLog.record(EVENT, NOW_MS);
  const written = await store.records();
  expect(lines).toEqual(
    written.map(({ hash, log: name, ...record }) => ({ event: 'audit', log: name, record, hash })),
  );
  for (const { record, hash } of lines) expect(hashOf(JSON.stringify(record))).toBe(hash);
});

describe('failures', () => {
  test('a record that cannot be stored rejects its caller and is logged', async () => {
    const { log, lines } = capturingLog();
    const broken = new RedisLink({
      url: 'unix:///nowhere.sock',
      deadlineMs: 50,
      log: createLog('cli', 'silent'),
    });
    const auditLog = new RedisAuditLog({ redis: broken, log, settings: NO_LIMITS });
    await expect(auditLog.record(EVENT, NOW_MS)).rejects.toThrow(RedisUnavailable);
    broken.close();
    expect(lines).toEqual([
      expect.objectContaining({ event: 'audit_not_kept', log: 'customers', record: EVENT }),
    ]);
  });

  test('the record after a failed one is chained to the last stored record', async ({ store }) => {
    const auditLog = store.open();
    await auditLog.record(EVENT, NOW_MS);
    await store.redis.kill();
    await expect(auditLog.record(EVENT, NOW_MS)).rejects.toThrow(RedisUnavailable);
    await store.redis.restart();
    await until(() =>
      auditLog.record(EVENT, NOW_MS).then(
        () => true,
        () => false,
      ),
    );
    expect((await store.records()).map(({ seq }) => seq)).toEqual([1, 2]);
    expect(await verifyAudit(store.link(), 'customers')).toMatchObject({ records: 2, fault: undefined });
  });

  test('the log continues after an entry that it did not write, and verification reports the entry', async ({
    store,
  }) => {
    const auditLog = store.open();
    await auditLog.record(EVENT, NOW_MS);
    await store.link().run((client) => client.xAdd(auditKey('customers'), '*', { rubbish: '' }));
    await auditLog.record({ ...EVENT, detail: 'after it' }, NOW_MS);
    expect((await store.records()).at(-1)).toMatchObject({ detail: 'after it' });
    expect(await verifyAudit(store.link(), 'customers')).toMatchObject({
      fault: { seq: 2, what: 'altered' },
    });
  });
});
