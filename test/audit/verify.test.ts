import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect } from 'vitest';
import { hashOf } from '../../src/audit/chain.ts';
import { type AuditVerdict, verifyAudit } from '../../src/audit/verify.ts';
import { auditKey } from '../../src/redis/keys.ts';
import { PROCESS_ENV } from '../support/command-line.ts';
import type { TestRedis } from '../support/redis.ts';
import { auditTest } from './audit-store.ts';

const WRITTEN = 12;

interface Entry {
  id: string;
  message: Record<string, string>;
}

/** A `test` with an audit log of twelve records (`trail`). */
const test = auditTest.extend('trail', async ({ store: { redis, link, open } }) => {
  const auditLog = open();
  const write = (): Promise<void> =>
    auditLog.record({ action: 'login', result: 'done', actor: 'bob' }, Date.now());
  for (let i = 1; i <= WRITTEN; i += 1) await write();
  const entries = async (): Promise<Entry[]> =>
    (await link().run((client) => client.xRange(auditKey('customers'), '-', '+'))) as Entry[];
  return {
    redis,
    write,
    entries,
    verdict: (): Promise<AuditVerdict> => verifyAudit(link(), 'customers'),
    /** Rewrites the stream, as an attacker with full access to Redis could. */
    tamper: async (change: (entries: Entry[]) => Entry[]): Promise<void> => {
      const changed = change(await entries());
      await link().run((client) => client.del(auditKey('customers')));
      for (const { id, message } of changed)
        await link().run((client) => client.xAdd(auditKey('customers'), id, message));
    },
  };
});

const withText = (entry: Entry, text: string, hash = entry.message.hash ?? ''): Entry => ({
  ...entry,
  message: { record: text, hash },
});
const textOf = (entry: Entry): string => entry.message.record ?? '';
const at = (seq: number, change: (entry: Entry) => Entry) => (entries: Entry[]) =>
  entries.map((entry, index) => (index === seq - 1 ? change(entry) : entry));

test('an intact log has no fault, and the hash of its last record is returned', async ({ trail }) => {
  const hash = (await trail.entries()).at(-1)?.message.hash;
  expect(await trail.verdict()).toEqual({
    records: WRITTEN,
    oldest: { seq: 1, time: expect.stringMatching(/^\d{4}-.*Z$/) },
    last: { seq: WRITTEN, hash },
    fault: undefined,
    neverExported: undefined,
    mark: undefined,
  });
});

test('an empty log has no fault', async ({ trail }) => {
  await trail.redis.flush();
  expect(await trail.verdict()).toMatchObject({ records: 0, last: undefined, fault: undefined });
});

const POSITIONS: [which: string, seq: number][] = [
  ['the first', 1],
  ['a middle', 6],
  ['the last', WRITTEN],
];

describe.each(POSITIONS)('%s record', (_which, seq) => {
  test.for<[string, (entry: Entry) => Entry]>([
    ['another actor', (entry) => withText(entry, textOf(entry).replace('bob', 'eve'))],
    ['one more space', (entry) => withText(entry, `${textOf(entry)} `)],
    ['another hash', (entry) => withText(entry, textOf(entry), '0'.repeat(64))],
    ['no hash', (entry) => ({ ...entry, message: { record: textOf(entry) } })],
    ['no text', (entry) => withText(entry, '')],
    ['other fields', (entry) => ({ ...entry, message: { x: 'y' } })],
  ])('with %s is reported as altered', async ([, change], { trail }) => {
    await trail.tamper(at(seq, change));
    expect(await trail.verdict()).toMatchObject({ records: seq - 1, fault: { seq, what: 'altered' } });
  });
});

test.for(POSITIONS.slice(0, 2))(
  '%s record, altered together with its hash, is detected through the next record',
  async ([, seq], { trail }) => {
    await trail.tamper(
      at(seq, (entry) => {
        const text = textOf(entry).replace('bob', 'eve');
        return withText(entry, text, hashOf(text));
      }),
    );
    expect((await trail.verdict()).fault).toEqual({ seq, what: 'altered' });
  },
);

test('a first record that claims to follow another one is reported', async ({ trail }) => {
  await trail.tamper(
    at(1, (entry) => {
      const text = textOf(entry).replace('0'.repeat(64), 'f'.repeat(64));
      return withText(entry, text, hashOf(text));
    }),
  );
  expect((await trail.verdict()).fault).toEqual({ seq: 1, what: 'altered' });
});

test('a middle record is reported if it is removed', async ({ trail }) => {
  await trail.tamper((entries) => entries.toSpliced(5, 1));
  expect(await trail.verdict()).toMatchObject({ records: 5, fault: { seq: 6, what: 'removed' } });
});

test('the first records are reported as never exported if they are removed', async ({ trail }) => {
  await trail.tamper((entries) => entries.slice(2));
  expect(await trail.verdict()).toMatchObject({
    records: WRITTEN - 2,
    oldest: { seq: 3 },
    neverExported: { from: 1, to: 2 },
    fault: undefined,
  });
});

test('the first of several faults is reported', async ({ trail }) => {
  await trail.tamper((entries) => at(9, (entry) => withText(entry, '{}'))(entries).toSpliced(4, 2));
  expect((await trail.verdict()).fault).toEqual({ seq: 5, what: 'removed' });
});

test('two swapped records are reported', async ({ trail }) => {
  await trail.tamper((entries) => {
    const [second, third] = [entries[1], entries[2]] as [Entry, Entry];
    const swapped = [
      { ...third, id: second.id },
      { ...second, id: third.id },
    ];
    return entries.toSpliced(1, 2, ...swapped);
  });
  expect((await trail.verdict()).fault).toEqual({ seq: 2, what: 'removed' });
});

test('removing records from the end is detected as soon as their process writes another one', async ({
  trail,
}) => {
  await trail.tamper((entries) => entries.slice(0, -3));
  expect((await trail.verdict()).fault).toBeUndefined();
  await trail.write();
  expect((await trail.verdict()).fault).toEqual({ seq: WRITTEN - 2, what: 'removed' });
});

describe('portcullis audit verify', () => {
  const run = async ({
    redis,
  }: {
    redis: TestRedis;
  }): Promise<{ code: number; stdout: string; stderr: string }> => {
    const env = { ...PROCESS_ENV, REDIS_URL: redis.url };
    const ran = promisify(execFile)(process.execPath, ['src/main.ts', 'audit', 'verify'], { env });
    return ran.then(
      (output) => ({ code: 0, ...output }),
      (fault: { code: number; stdout: string; stderr: string }) => fault,
    );
  };

  test('exits with 0 and prints number and time of the oldest record and the last hash', async ({
    trail,
  }) => {
    const right = await run(trail);
    expect(right).toMatchObject({ code: 0, stderr: '' });
    expect(right.stdout).toMatch(
      /^security: 0 records; none exported\ncustomers: 12 records: 1 \(\d{4}-\S+Z\) to 12, hash [0-9a-f]{64}; none exported\n$/,
    );
  });

  test('exits with 1 and prints the first faulty record', async ({ trail }) => {
    await trail.tamper((entries) => entries.toSpliced(3, 1));
    const { code, stderr } = await run(trail);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'portcullis: customers: record 4 was removed; the 3 records before it are intact\n',
    });
  });

  test('exits with 2 if records before the oldest one were never exported', async ({ trail }) => {
    await trail.tamper((entries) => entries.slice(2));
    const { code, stderr } = await run(trail);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'portcullis: customers: records 1 to 2 are missing and were never exported\n',
    });
  });
});
