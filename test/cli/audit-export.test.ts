import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { AuditEvent } from '../../src/audit/event.ts';
import { keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';
import { auditKey, auditMarkKey } from '../../src/redis/keys.ts';
import { auditTest } from '../audit/audit-store.ts';
import { type CommandResult, runPortcullis, spawnPortcullis } from '../support/command-line.ts';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const LOGIN: AuditEvent = { action: 'login', result: 'done', actor: 'bob', role: 'user' };
const BLOCK: AuditEvent = { action: 'user_block', result: 'done', actor: 'ada', role: 'admin' };

const test = auditTest
  .extend('directory', { scope: 'file' }, async ({}, { onCleanup }): Promise<string> => {
    const directory = await mkdtemp(join(tmpdir(), 'portcullis-export-'));
    onCleanup(() => rm(directory, { recursive: true }));
    return directory;
  })
  .extend('signingKey', { scope: 'file' }, () => makeKeyPem())
  /** The environment of a command, with the signing key of the gateway. */
  .extend('env', ({ store, signingKey }) => ({ REDIS_URL: store.redis.url, SIGNING_KEY: signingKey }))
  .extend(
    'audit',
    ({ env }) =>
      (...words: string[]): Promise<CommandResult> =>
        runPortcullis(['audit', ...words], { env }),
  )
  /** A file that does not exist yet. */
  .extend(
    'newFile',
    ({ directory }) =>
      (): string =>
        join(directory, `${crypto.randomUUID()}.jsonl`),
  )
  /** Three records of customers and two of staff (`written`). */
  .extend('written', async ({ store }) => {
    const auditLog = store.open();
    for (const event of [LOGIN, LOGIN, LOGIN, BLOCK, BLOCK]) await auditLog.record(event, NOW_MS);
    return auditLog;
  });

const linesOf = async (file: string): Promise<string[]> =>
  (await readFile(file, 'utf8')).trimEnd().split('\n');

test('an export has all records as JSON lines and a signed checkpoint, and the next one continues after it', async ({
  audit,
  env,
  newFile,
  store,
  written,
}) => {
  const [first, second] = [newFile(), newFile()];
  expect(await spawnPortcullis(['audit', 'export', '--output', first], { env })).toMatchObject({
    exitCode: 0,
    stderr: 'security: 2 records exported\ncustomers: 3 records exported\n',
  });
  expect((await stat(first)).mode & 0o777).toBe(0o600);
  const lines = (await linesOf(first)).map((line) => JSON.parse(line) as Record<string, unknown>);
  const stored = [...(await store.records('security')), ...(await store.records('customers'))];
  expect(lines.slice(0, -1)).toEqual(stored.map(({ log, hash, ...record }) => ({ log, hash, record })));
  expect(lines.at(-1)).toEqual({ checkpoint: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) });

  await written.record({ ...LOGIN, actor: 'alice' }, NOW_MS);
  expect(await audit('export', '--output', second)).toMatchObject({ exitCode: 0 });
  expect(JSON.parse((await linesOf(second))[0] ?? '')).toMatchObject({ record: { seq: 4, actor: 'alice' } });
  for (const file of [first, second])
    expect(await audit('verify', '--file', file)).toMatchObject({ exitCode: 0 });
  expect((await audit('verify')).stdout).toMatch(/customers: 4 records: .* exported up to 4 at /);
});

test('an export to standard output can be verified with public keys from a file, and --all exports everything again', async ({
  audit,
  signingKey,
  newFile,
  written,
}) => {
  expect(written).toBeDefined();
  await audit('export');
  const { exitCode, stdout } = await audit('export', '--all');
  expect(exitCode).toBe(0);
  const [file, jwks, other] = [newFile(), newFile(), newFile()];
  await writeFile(file, stdout);
  await writeFile(jwks, JSON.stringify((await keyRingFromPem(signingKey)).jwks));
  await writeFile(other, '{"keys":[]}');
  expect((await audit('verify', '--file', file, '--jwks', jwks)).stdout).toMatch(
    /^security: 2 records: 1 to 2, hash [0-9a-f]{64}\ncustomers: 3 records: 1 to 3, hash [0-9a-f]{64}\nsigned at \S+Z with the key [\w-]{43}\n$/,
  );
  expect(await audit('verify', '--file', file, '--jwks', other)).toMatchObject({ exitCode: 1, stdout: '' });
});

test('records that were removed before an export are reported by it and by later verifications', async ({
  audit,
  newFile,
  store,
  written,
}) => {
  expect(written).toBeDefined();
  const entries = (await store.link().run((client) => client.xRange(auditKey('customers'), '-', '+'))) ?? [];
  await store.link().run((client) =>
    client.xDel(
      auditKey('customers'),
      entries.slice(0, 2).map(({ id }) => id),
    ),
  );
  expect(await audit('verify')).toMatchObject({ exitCode: 2 });
  const file = newFile();
  const exported = await audit('export', '--output', file);
  expect(exported.exitCode).toBe(2);
  expect(exported.stderr).toContain('customers: records 1 to 2 were removed before they were exported');
  expect(await audit('verify', '--file', file)).toMatchObject({ exitCode: 0 });
  const verified = await audit('verify');
  expect(verified.exitCode).toBe(0);
  expect(verified.stdout).toContain('customers: records 1 to 2 were lost before an export\n');
});

test('a log with an altered record is not exported: no file is left, and nothing counts as exported', async ({
  audit,
  newFile,
  store,
  written,
}) => {
  expect(written).toBeDefined();
  const key = auditKey('security');
  const [first] = (await store.link().run((client) => client.xRange(key, '-', '+'))) ?? [];
  await store.link().run((client) => client.xDel(key, first?.id ?? ''));
  const text = (first?.message.record ?? '').replace('ada', 'eve');
  const entries = (await store.link().run((client) => client.xRange(key, '-', '+'))) ?? [];
  await store.link().run((client) => client.del(key));
  await store
    .link()
    .run((client) => client.xAdd(key, first?.id ?? '', { record: text, hash: first?.message.hash ?? '' }));
  for (const { id, message } of entries) await store.link().run((client) => client.xAdd(key, id, message));
  const file = newFile();
  expect(await audit('export', '--output', file)).toMatchObject({
    exitCode: 1,
    stderr: 'portcullis: nothing is exported: record 1 of the security log was altered\n',
  });
  await expect(stat(file)).rejects.toThrow('ENOENT');
  expect(
    await store.link().run((client) => client.exists([auditMarkKey('security'), auditMarkKey('customers')])),
  ).toBe(0);
});

test('an existing file is never overwritten', async ({ audit, newFile, written }) => {
  expect(written).toBeDefined();
  const file = newFile();
  await writeFile(file, 'precious');
  expect(await audit('export', '--output', file)).toMatchObject({ exitCode: 1, stdout: '' });
  expect(await readFile(file, 'utf8')).toBe('precious');
});
