import { describe, expect } from 'vitest';
import type { AuditEvent } from '../../src/audit/event.ts';
import { until } from '../support/until.ts';
import { capturingLog, auditTest as test } from './audit-store.ts';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const MINUTE_MS = 60_000;
const LOGOUT: AuditEvent = {
  action: 'logout',
  result: 'done',
  actor: 'bob',
  role: 'user',
  address: '192.0.2.1',
};
const settings = { auditRecordsPerActorPerMinute: 3 };

test('beyond the rate of an actor the rest of a minute becomes one record with the number and the times', async ({
  store,
}) => {
  const auditLog = store.open({ settings });
  for (let i = 0; i < 10; i += 1) await auditLog.record(LOGOUT, NOW_MS + i);
  expect(await store.records()).toHaveLength(3);
  await auditLog.close();
  const [, , , ...rest] = await store.records();
  expect(rest).toMatchObject([
    {
      action: 'logout',
      result: 'done',
      actor: 'bob',
      count: 7,
      detail: '7 more of these actions between 2026-01-02T03:04:05.003Z and 2026-01-02T03:04:05.009Z',
    },
  ]);
});

test('the summary is written at the end of the minute, and the next minute has its own rate', async ({
  store,
}) => {
  let nowMs = NOW_MS;
  const auditLog = store.open({ settings, now: () => nowMs });
  for (let i = 0; i < 4; i += 1) await auditLog.record(LOGOUT, nowMs);
  nowMs += MINUTE_MS;
  await until(async () => (await store.records()).length === 4);
  expect((await store.records()).at(-1)).toMatchObject({ seq: 4, count: 1 });
  await auditLog.record(LOGOUT, nowMs);
  expect(await store.records()).toHaveLength(5);
  await auditLog.close();
});

test('an event that is only counted is in the process log', async ({ store }) => {
  const { log, lines } = capturingLog();
  const auditLog = store.open({ settings: { auditRecordsPerActorPerMinute: 1 }, log });
  await auditLog.record(LOGOUT, NOW_MS);
  await auditLog.record({ ...LOGOUT, session: 'the second' }, NOW_MS);
  expect(lines.at(-1)).toEqual({ event: 'audit_summarized', record: { ...LOGOUT, session: 'the second' } });
  await auditLog.close();
});

test('an actor who exceeds the rate takes nothing from another', async ({ store }) => {
  const auditLog = store.open({ settings });
  for (let i = 0; i < 10; i += 1) await auditLog.record(LOGOUT, NOW_MS);
  await auditLog.record({ ...LOGOUT, actor: 'alice' }, NOW_MS);
  expect((await store.records()).at(-1)).toMatchObject({ actor: 'alice' });
  await auditLog.close();
});

test('clients without a name are counted by their network', async ({ store }) => {
  const auditLog = store.open({ settings });
  const refused: AuditEvent = { action: 'login', result: 'refused', detail: 'no such user' };
  for (let i = 0; i < 10; i += 1) await auditLog.record({ ...refused, address: `2001:db8::${i}` }, NOW_MS);
  expect(await store.records()).toHaveLength(3);
  await auditLog.close();
  expect((await store.records()).at(-1)).toMatchObject({ action: 'login', result: 'refused', count: 7 });
});

describe('never summarized', () => {
  test.for<[string, Partial<AuditEvent>]>([
    ['a block by staff', { action: 'user_block', role: 'admin', subject: 'bob' }],
    ['a refused role change', { action: 'user_role', result: 'refused', role: 'admin', subject: 'bob' }],
    ["the end of a customer's session by staff", { action: 'session_end', role: 'admin', subject: 'bob' }],
    ['a key change by an operator', { action: 'key_retire', actor: 'operator' }],
  ])('%s', async ([, event], { store }) => {
    const auditLog = store.open({ settings });
    for (let i = 0; i < 10; i += 1) await auditLog.record({ ...LOGOUT, actor: 'ada', ...event }, NOW_MS);
    expect(await store.records('security')).toHaveLength(10);
    await auditLog.close();
    expect(await store.records()).toHaveLength(10);
  });

  test.for<[string, Partial<AuditEvent>]>([
    ['a login', { action: 'login' }],
    ['a password change', { action: 'password_change' }],
    ['a wrong password in a password change', { action: 'password_change', result: 'refused' }],
    ['a password reset', { action: 'password_reset' }],
    ['a request for another email address', { action: 'email_change_ask' }],
    ['another email address', { action: 'email_change' }],
    ['the reuse of a refresh token', { action: 'refresh_reuse', actor: undefined, subject: 'bob' }],
  ])('%s of a customer who has used up their records', async ([, event], { store }) => {
    const auditLog = store.open({ settings });
    for (let i = 0; i < 10; i += 1) await auditLog.record(LOGOUT, NOW_MS);
    for (let i = 0; i < 5; i += 1) await auditLog.record({ ...LOGOUT, ...event }, NOW_MS);
    const { action } = { ...LOGOUT, ...event };
    expect((await store.records()).filter((one) => one.action === action)).toHaveLength(5);
    await auditLog.close();
  });
});

test('reads by staff become one record for each actor and path in a minute, with the accounts', async ({
  store,
}) => {
  const auditLog = store.open();
  const read = { action: 'account_read', actor: 'sam', role: 'supervisor', address: '192.0.2.1' } as const;
  for (const account of ['A1', 'A2', 'A1'])
    auditLog.noteRead({ ...read, target: '/accounts/*/balance', account }, NOW_MS);
  auditLog.noteRead({ ...read, target: '/accounts' }, NOW_MS);
  await auditLog.close();
  const time = '2026-01-02T03:04:05.000Z';
  expect(await store.records()).toMatchObject([
    {
      log: 'security',
      action: 'account_read',
      actor: 'sam',
      role: 'supervisor',
      count: 3,
      detail: `3 reads of /accounts/*/balance between ${time} and ${time}: A1 A2`,
    },
    { action: 'account_read', count: 1, detail: `1 reads of /accounts between ${time} and ${time}` },
  ]);
});

test('the memory for summaries is bounded: beyond ten thousand kinds they are counted together', async ({
  store,
}) => {
  const auditLog = store.open();
  const read = { action: 'account_read', role: 'supervisor', address: '192.0.2.1', target: '/x' } as const;
  for (let i = 0; i < 10_100; i += 1) auditLog.noteRead({ ...read, actor: `actor-${i}` }, NOW_MS);
  await auditLog.close();
  const records = await store.records();
  expect(records).toHaveLength(10_001);
  expect(records.at(-1)).toMatchObject({ action: 'account_read', count: 100 });
});
