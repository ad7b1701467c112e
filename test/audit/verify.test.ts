import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hashOf, RedisAuditTrail } from '../../src/audit/trail.ts';
import { type AuditVerdict, verifyAudit } from '../../src/audit/verify.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { auditKey } from '../../src/redis/keys.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const WRITTEN = 12;
const RECORDS_MAX = 1000;

let redis: TestRedis;
let link: RedisLink;
let trail: RedisAuditTrail;
beforeAll(async () => {
  redis = await startTestRedis();
  const log = createLog('gateway', 'silent');
  link = new RedisLink({ url: redis.url, deadlineMs: 900, log });
  await link.whenReady(5000);
});
afterAll(async () => {
  link.close();
  await redis.stop();
});
beforeEach(async () => {
  await redis.flush();
  trail = new RedisAuditTrail(link, createLog('gateway', 'silent'), RECORDS_MAX);
  for (let i = 1; i <= WRITTEN; i += 1) await write();
});

const write = (): Promise<void> =>
  trail.record({ action: 'login', result: 'done', actor: 'bob' }, Date.now());
const verdict = (): Promise<AuditVerdict> => verifyAudit(link, RECORDS_MAX);

interface Entry {
  id: string;
  message: Record<string, string>;
}

/** Rewrites the stream as somebody who may do anything in Redis could. */
async function tamper(change: (entries: Entry[]) => Entry[]): Promise<void> {
  const entries = (await link.run((client) => client.xRange(auditKey(), '-', '+'))) as Entry[];
  const changed = change(entries);
  await link.run((client) => client.del(auditKey()));
  for (const { id, message } of changed) await link.run((client) => client.xAdd(auditKey(), id, message));
}

const withText = (entry: Entry, text: string, hash = entry.message.hash ?? ''): Entry => ({
  ...entry,
  message: { record: text, hash },
});
const textOf = (entry: Entry): string => entry.message.record ?? '';
const at = (seq: number, change: (entry: Entry) => Entry) => (entries: Entry[]) =>
  entries.map((entry, index) => (index === seq - 1 ? change(entry) : entry));

test('a trail as it was written has no fault, and the hash of its last record is told', async () => {
  const entries = (await link.run((client) => client.xRange(auditKey(), '-', '+'))) as Entry[];
  const hash = entries.at(-1)?.message.hash;
  expect(await verdict()).toEqual({ records: WRITTEN, last: { seq: WRITTEN, hash }, fault: undefined });
});

test('an empty trail has no fault', async () => {
  await redis.flush();
  expect(await verdict()).toEqual({ records: 0, last: undefined, fault: undefined });
});

const POSITIONS = [
  ['the first', 1],
  ['one in the middle', 6],
  ['the last', WRITTEN],
] as const;

describe.each(POSITIONS)('%s record', (_which, seq) => {
  test.each<[string, (entry: Entry) => Entry]>([
    ['another actor', (entry) => withText(entry, textOf(entry).replace('bob', 'eve'))],
    ['one more space', (entry) => withText(entry, `${textOf(entry)} `)],
    ['another hash', (entry) => withText(entry, textOf(entry), '0'.repeat(64))],
    ['no hash', (entry) => ({ ...entry, message: { record: textOf(entry) } })],
    ['no text', (entry) => withText(entry, '')],
    ['other fields', (entry) => ({ ...entry, message: { x: 'y' } })],
  ])('with %s is named as altered', async (_how, change) => {
    await tamper(at(seq, change));
    expect(await verdict()).toMatchObject({ records: seq - 1, fault: { seq, what: 'altered' } });
  });
});

test.each(POSITIONS.slice(0, 2))(
  '%s, altered with a hash that fits, is given away by the next one',
  async (_which, seq) => {
    await tamper(
      at(seq, (entry) => {
        const text = textOf(entry).replace('bob', 'eve');
        return withText(entry, text, hashOf(text));
      }),
    );
    expect((await verdict()).fault).toEqual({ seq, what: 'altered' });
  },
);

test('a first record that pretends to follow others is named', async () => {
  await tamper(
    at(1, (entry) => {
      const text = textOf(entry).replace('0'.repeat(64), 'f'.repeat(64));
      return withText(entry, text, hashOf(text));
    }),
  );
  expect((await verdict()).fault).toEqual({ seq: 1, what: 'altered' });
});

test.each(POSITIONS.slice(0, 2))('%s is named when it was removed', async (_which, seq) => {
  await tamper((entries) => entries.toSpliced(seq - 1, 1));
  expect(await verdict()).toMatchObject({ records: seq - 1, fault: { seq, what: 'removed' } });
});

test('of several faults the first is named', async () => {
  await tamper((entries) => at(9, (entry) => withText(entry, '{}'))(entries).toSpliced(4, 2));
  expect((await verdict()).fault).toEqual({ seq: 5, what: 'removed' });
});

test('two records that changed places are named', async () => {
  await tamper((entries) => {
    const [second, third] = [entries[1], entries[2]] as [Entry, Entry];
    const swapped = [
      { ...third, id: second.id },
      { ...second, id: third.id },
    ];
    return entries.toSpliced(1, 2, ...swapped);
  });
  expect((await verdict()).fault).toEqual({ seq: 2, what: 'removed' });
});

test('records taken from the end show as soon as the process that wrote them writes another', async () => {
  await tamper((entries) => entries.slice(0, -3));
  expect((await verdict()).fault).toBeUndefined();
  await write();
  expect((await verdict()).fault).toEqual({ seq: WRITTEN - 2, what: 'removed' });
});

describe('portcullis audit verify', () => {
  const run = async (): Promise<{ code: number; stdout: string; stderr: string }> => {
    const env = { PATH: process.env.PATH, REDIS_URL: redis.url, AUDIT_RECORDS_MAX: String(RECORDS_MAX) };
    const ran = promisify(execFile)(process.execPath, ['src/main.ts', 'audit', 'verify'], { env });
    return ran.then(
      (output) => ({ code: 0, ...output }),
      (fault: { code: number; stdout: string; stderr: string }) => fault,
    );
  };

  test('exits with 0 and tells the last hash, or with 1 and names the first record that is wrong', async () => {
    const right = await run();
    expect(right).toMatchObject({ code: 0, stderr: '' });
    expect(right.stdout).toMatch(
      /^12 records, none altered or removed; the last is number 12, hash [0-9a-f]{64}\n$/,
    );
    await tamper((entries) => entries.toSpliced(3, 1));
    const wrong = await run();
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toBe('portcullis: record 4 was removed; 3 before it are right\n');
  });
});
