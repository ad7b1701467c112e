import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../src/audit/event.ts';
import { NO_RECORD, RedisAuditTrail } from '../../src/audit/trail.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { createLog, type Logger } from '../../src/log.ts';
import { RedisLink, RedisUnavailable } from '../../src/redis/connection.ts';
import { auditKey } from '../../src/redis/keys.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { type AuditRecord, auditRecords } from './audit-records.ts';

const MANY = 1_000_000;
const EVENT: AuditEvent = { action: 'login', result: 'done', actor: 'somebody' };
const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

let redis: TestRedis;
let links: RedisLink[] = [];
beforeAll(async () => {
  redis = await startTestRedis({ persist: true });
  const log = createLog('gateway', 'silent');
  links = Array.from({ length: 4 }, () => new RedisLink({ url: redis.url, deadlineMs: 900, log }));
  await Promise.all(links.map((link) => link.whenReady(5000)));
});
afterAll(async () => {
  for (const link of links) link.close();
  await redis.stop();
});
beforeEach(() => redis.flush());

/** Keeps the log lines instead of printing them. */
function keptLog(): { log: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const keep = (line: Record<string, unknown>): void => void lines.push(line);
  const log = { ...createLog('gateway', 'silent'), info: keep, error: keep } as unknown as Logger;
  return { log, lines };
}

const link = (index = 0): RedisLink => links[index] as RedisLink;
const trailOver = (index = 0, recordsMax = MANY): RedisAuditTrail =>
  new RedisAuditTrail(link(index), createLog('gateway', 'silent'), recordsMax);

const records = (): Promise<AuditRecord[]> => auditRecords(link());

test('a record is numbered, timed and chained to the one before, and has what the event has', async () => {
  const trail = trailOver();
  const event: AuditEvent = { ...EVENT, session: 'a session', address: '192.0.2.1', requestId: 'a request' };
  await trail.record(event, NOW_MS);
  await trail.record({ action: 'logout', result: 'done', subject: undefined }, NOW_MS + 1);
  const [first, second] = await records();
  expect(first).toEqual({
    seq: 1,
    time: '2026-01-02T03:04:05.678Z',
    ...event,
    prev: NO_RECORD,
    hash: first?.hash,
  });
  expect(second).toMatchObject({ seq: 2, action: 'logout', prev: first?.hash });
  expect(second).not.toHaveProperty('subject');
});

test('four processes that write at the same moment leave one chain without a gap', async () => {
  const trails = links.map((_, index) => trailOver(index));
  const writes = Array.from({ length: 200 }, (_, i) =>
    (trails[i % 4] as RedisAuditTrail).record({ ...EVENT, detail: String(i) }, NOW_MS),
  );
  await Promise.all(writes);
  const written = await records();
  expect(written.map(({ seq }) => seq)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  expect(new Set(written.map(({ detail }) => detail)).size).toBe(200);
  expect(await verifyAudit(link(), MANY)).toMatchObject({ records: 200, fault: undefined });
});

test('processes that write without end do not keep another from writing', async () => {
  const busy = [0, 1, 2].map((index) => trailOver(index));
  const quiet = trailOver(3);
  let isOver = false;
  const writeOn = async (trail: RedisAuditTrail): Promise<void> => {
    while (!isOver) await trail.record(EVENT, NOW_MS);
  };
  const writers = Array.from({ length: 30 }, (_, i) => writeOn(busy[i % 3] as RedisAuditTrail));
  for (let i = 0; i < 20; i += 1) await quiet.record({ ...EVENT, actor: 'quiet' }, NOW_MS);
  isOver = true;
  await Promise.all(writers);
  const written = await records();
  expect(written.filter(({ actor }) => actor === 'quiet')).toHaveLength(20);
  expect(await verifyAudit(link(), MANY)).toMatchObject({ records: written.length, fault: undefined });
});

test('each record is in the log by its number and hash, where nobody who can write to Redis reaches it', async () => {
  const { log, lines } = keptLog();
  const trail = new RedisAuditTrail(link(), log, MANY);
  await trail.record(EVENT, NOW_MS);
  await trail.record(EVENT, NOW_MS);
  const written = await records();
  expect(lines).toEqual(
    written.map(({ seq, hash }) => ({ event: 'audit', action: 'login', result: 'done', seq, hash })),
  );
});

test('the oldest records go when there are too many, and what is left still verifies', async () => {
  const trail = trailOver(0, 100);
  for (let i = 0; i < 40; i += 1)
    await Promise.all(Array.from({ length: 10 }, () => trail.record(EVENT, NOW_MS)));
  const left = await records();
  expect(left.length).toBeGreaterThanOrEqual(100);
  expect(left.length).toBeLessThan(300);
  expect(left.at(-1)?.seq).toBe(400);
  expect(await verifyAudit(link(), 100)).toMatchObject({ records: left.length, fault: undefined });
});

describe('in trouble', () => {
  test('a record that can not be kept is a fault for whoever waits for it, and is told to the log', async () => {
    const { log, lines } = keptLog();
    const broken = new RedisLink({
      url: 'unix:///nowhere.sock',
      deadlineMs: 50,
      log: createLog('cli', 'silent'),
    });
    const trail = new RedisAuditTrail(broken, log, MANY);
    await expect(trail.record(EVENT, NOW_MS)).rejects.toThrow(RedisUnavailable);
    broken.close();
    expect(lines).toEqual([expect.objectContaining({ event: 'audit_not_kept', record: EVENT })]);
  });

  test('after one that could not be kept the next one is, behind the last', async () => {
    const trail = trailOver();
    await trail.record(EVENT, NOW_MS);
    await redis.kill();
    await expect(trail.record(EVENT, NOW_MS)).rejects.toThrow(RedisUnavailable);
    await redis.restart();
    await link().whenReady(5000);
    await trail.record(EVENT, NOW_MS);
    expect((await records()).map(({ seq }) => seq)).toEqual([1, 2]);
    expect(await verifyAudit(link(), MANY)).toMatchObject({ records: 2, fault: undefined });
  });

  test('behind an entry that nobody here wrote the trail goes on, and verification names it', async () => {
    const trail = trailOver();
    await trail.record(EVENT, NOW_MS);
    await link().run((client) => client.xAdd(auditKey(), '*', { rubbish: '' }));
    await trail.record({ ...EVENT, detail: 'behind it' }, NOW_MS);
    expect((await records()).at(-1)).toMatchObject({ detail: 'behind it' });
    expect(await verifyAudit(link(), MANY)).toMatchObject({ fault: { seq: 2, what: 'altered' } });
  });
});
