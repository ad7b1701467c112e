import { describe, expect } from 'vitest';
import type { RedisAuditLog } from '../../src/audit/audit-log.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { moveMark, readMark } from '../../src/audit/export/mark.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { auditKey } from '../../src/redis/keys.ts';
import { type AuditStore, capturingLog, auditTest as test } from './audit-store.ts';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const LOGIN: AuditEvent = { action: 'login', result: 'done', actor: 'bob', role: 'user' };
/** At most 100 records, or 200 that have not been exported. */
const SMALL = { auditRecordsMax: 100, auditCustomerRecordsMax: 100 };

const write = (auditLog: RedisAuditLog, count: number, event = LOGIN): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, () => auditLog.record(event, NOW_MS)));

/** Marks the newest record of the customers' log as exported. */
async function markExported({ link, records }: AuditStore): Promise<void> {
  const { seq = 0, hash = '' } = (await records('customers')).at(-1) ?? {};
  const [last] =
    (await link().run((client) => client.xRevRange(auditKey('customers'), '+', '-', { COUNT: 1 }))) ?? [];
  await moveMark(link(), 'customers', { seq, hash, id: last?.id ?? '', time: '', lost: undefined });
}

test.for<[string, AuditEvent]>([
  ['a block by staff', { action: 'user_block', result: 'done', actor: 'ada', role: 'admin', subject: 'bob' }],
  ['a login of staff', { action: 'login', result: 'done', actor: 'ada', role: 'admin' }],
  ['a failed login as staff', { action: 'login', result: 'refused', subject: 'ada', role: 'admin' }],
  ['an operator', { action: 'key_add', result: 'done', actor: 'operator' }],
  ['the reuse of a refresh token', { action: 'refresh_reuse', result: 'done', subject: 'bob' }],
])('customers cannot push out the record of %s', async ([, event], { store }) => {
  const auditLog = store.open({ settings: SMALL });
  await auditLog.record(event, NOW_MS);
  for (let i = 0; i < 10; i += 1) await write(auditLog, 100);
  expect((await store.records('customers')).length).toBeLessThan(1000);
  expect(await store.records('security')).toMatchObject([{ seq: 1, ...event }]);
});

test('the one log of earlier versions continues as the security log and still verifies', async ({
  store,
}) => {
  const auditLog = store.open();
  await auditLog.append({ action: 'user_role', result: 'done', actor: 'ada' }, NOW_MS);
  const [old] = (await store.link().run((client) => client.xRange('audit', '-', '+'))) ?? [];
  expect(JSON.parse(old?.message.record ?? '')).toMatchObject({ seq: 1, action: 'user_role' });
  await store.open({ process: 1 }).record({ action: 'key_add', result: 'done', actor: 'operator' }, NOW_MS);
  expect(await verifyAudit(store.link(), 'security')).toMatchObject({ records: 2, fault: undefined });
});

describe('trimming', () => {
  test('above the maximum, records are kept until they have been exported', async ({ store }) => {
    const auditLog = store.open({ settings: SMALL });
    await write(auditLog, 200);
    expect((await store.records()).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 200 }, (_, i) => i + 1),
    );
    await markExported(store);
    for (let i = 0; i < 30; i += 1) await write(auditLog, 10);
    const left = await store.records();
    expect(left[0]?.seq).toBeGreaterThan(100);
    expect(left[0]?.seq).toBeLessThanOrEqual(301);
    expect(left.at(-1)?.seq).toBe(500);
    expect(await verifyAudit(store.link(), 'customers')).toMatchObject({
      fault: undefined,
      neverExported: left[0]?.seq === 301 ? expect.anything() : undefined,
    });
  });

  test('at 80 % of the maximum without an export the log has a warning, and an export ends it', async ({
    store,
  }) => {
    const { log, lines } = capturingLog();
    const due = () => lines.filter(({ event }) => event === 'audit_export_due');
    const auditLog = store.open({ settings: SMALL, log });
    for (let i = 0; i < 79; i += 1) await auditLog.record(LOGIN, NOW_MS);
    expect(due()).toEqual([]);
    await auditLog.record(LOGIN, NOW_MS);
    expect(due()).toMatchObject([{ log: 'customers', unexported: 80, recordsMax: 100, unexportedMax: 200 }]);
    expect(auditLog.exportState()).toMatchObject({ customers: { unexported: 80, lost: 0 } });
    await markExported(store);
    await write(auditLog, 10);
    expect(due()).toHaveLength(1);
    expect(auditLog.exportState()).toMatchObject({ customers: { unexported: 10, lost: 0 } });
  });

  test('above the hard maximum the oldest are removed, with an error in the log, and verification reports them', async ({
    store,
  }) => {
    const { log, lines } = capturingLog();
    const auditLog = store.open({ settings: SMALL, log });
    for (let i = 0; i < 50; i += 1) await write(auditLog, 10);
    const left = await store.records();
    expect(left.length).toBeGreaterThanOrEqual(200);
    expect(left.length).toBeLessThan(320);
    const to = (left[0]?.seq ?? 0) - 1;
    const lost = lines.filter(({ event }) => event === 'audit_records_lost');
    expect(lost.at(-1)).toMatchObject({ log: 'customers', from: 1, to });
    expect(auditLog.exportState().customers.lost).toBe(to);
    expect(await verifyAudit(store.link(), 'customers')).toMatchObject({
      oldest: { seq: to + 1 },
      neverExported: { from: 1, to },
      fault: undefined,
    });
  });

  test('the mark never moves back', async ({ store }) => {
    await write(store.open(), 5);
    await markExported(store);
    await moveMark(store.link(), 'customers', { seq: 4, hash: 'x', id: '1-1', time: '', lost: undefined });
    expect(await readMark(store.link(), 'customers')).toMatchObject({ seq: 5 });
  });

  test('an exported record that was altered, and removed records up to the mark, are reported', async ({
    store,
  }) => {
    await write(store.open(), 5);
    await markExported(store);
    const [, , , , last] =
      (await store.link().run((client) => client.xRange(auditKey('customers'), '-', '+'))) ?? [];
    await store.link().run((client) => client.xDel(auditKey('customers'), last?.id ?? ''));
    expect(await verifyAudit(store.link(), 'customers')).toMatchObject({
      fault: { seq: 5, what: 'removed' },
    });
    await store.open({ process: 1 }).record({ ...LOGIN, actor: 'eve' }, NOW_MS);
    expect(await verifyAudit(store.link(), 'customers')).toMatchObject({
      fault: { seq: 5, what: 'altered' },
    });
  });
});
