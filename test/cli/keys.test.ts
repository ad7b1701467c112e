import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ensureRing } from '../../src/keys/open.ts';
import { makeKeyPem } from '../../src/keys/ring.ts';
import { rotateRing } from '../../src/keys/rotation.ts';
import { keyStatusesAt } from '../../src/keys/schedule.ts';
import { readRing } from '../../src/keys/store.ts';
import { ringChannel } from '../../src/redis/keys.ts';
import { type CommandResult, runPortcullis, spawnPortcullis } from '../support/command-line.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let directory: string;
beforeAll(async () => {
  [redis, directory] = await Promise.all([
    startTestRedis(),
    mkdtemp(join(tmpdir(), 'portcullis-keys-command-')),
  ]);
});
afterAll(async () => {
  await redis.stop();
  await rm(directory, { recursive: true });
});

let ringDirectory: string;
let runs = 0;
beforeEach(async () => {
  await redis.flush();
  runs += 1;
  ringDirectory = join(directory, `ring-${runs}`);
});

/** Runs `portcullis keys …`. */
const keys = (words: string, env: Record<string, string> = {}, run = runPortcullis): Promise<CommandResult> =>
  run(['keys', ...words.split(' ')], { env: { REDIS_URL: redis.url, KEYS_DIR: ringDirectory, ...env } });

const ONLY_AUDIT_LINES = expect.stringMatching(/^(?:\{.*"event":"audit".*\}\n)+$/);

/** The key id at the start of a command's output. */
const kidIn = ({ stdout }: CommandResult): string => /^[\w-]{43}/.exec(stdout)?.[0] ?? '';
/** The state of each key. */
async function states(): Promise<Record<string, string>> {
  const record = await readRing(ringDirectory);
  const statuses = record === undefined ? [] : keyStatusesAt(record, Date.now());
  return Object.fromEntries(statuses.map(({ kid, state }) => [kid, state]));
}
/** Makes a ring, with or without a waiting key, and returns its kids. */
async function givenRing(waits: 'with a waiting key' | 'with one key'): Promise<[string, string]> {
  const start = { directory: ringDirectory, mayCreate: true, tokensLiveSeconds: 600 };
  await ensureRing(start, Date.now() - 60_000);
  if (waits === 'with a waiting key')
    await rotateRing(ringDirectory, { leadMs: 60_000, tokensLiveSeconds: 600 }, Date.now());
  const [signing = '', waiting = ''] = Object.keys(await states());
  return [signing, waiting];
}
const auditTexts = async (): Promise<string> => (await redis.dump()).get('audit') ?? '';

test('the first rotation creates a ring, the next adds a waiting key, and the list shows both', async () => {
  const first = await keys('rotate', {}, spawnPortcullis);
  expect(first).toMatchObject({ exitCode: 0, stderr: ONLY_AUDIT_LINES });
  expect(first.stdout).toMatch(/^[\w-]{43} signs from \d{4}-.*Z\nno gateways are running\n$/);
  const second = await keys('rotate');
  const [head, ...rows] = (await keys('list')).stdout.trimEnd().split('\n');
  expect(head).toMatch(/^kid +state +published +signs from +until$/);
  expect(rows.map((row) => row.split(/ +/, 2))).toEqual([
    [kidIn(first), 'signing'],
    [kidIn(second), 'published'],
  ]);
  const audit = await auditTexts();
  for (const kid of [kidIn(first), kidIn(second)]) expect(audit).toContain(kid);
  expect(audit.match(/key_add/g)).toHaveLength(2);
  expect(audit.match(/actor\W+operator/g)).toHaveLength(2);
  expect(JSON.stringify([...(await redis.dump())])).not.toContain('PRIVATE KEY');
});

test('while a key is waiting no other is added, but --now activates it at once', async () => {
  const [signing, waiting] = await givenRing('with a waiting key');
  expect(await keys('rotate')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/already waiting to sign/),
  });
  expect(await states()).toEqual({ [signing]: 'signing', [waiting]: 'published' });
  expect(kidIn(await keys('rotate --now'))).toBe(waiting);
  expect(await states()).toEqual({ [signing]: 'verifying', [waiting]: 'signing' });
  expect(await auditTexts()).toMatch(new RegExp(`key_sign[^}]*${waiting}`));
});

test('retiring the signing key activates another one first, deletes its file and is recorded', async () => {
  const [compromised] = await givenRing('with one key');
  expect(await keys(`retire ${compromised}`)).toMatchObject({ exitCode: 0, stderr: ONLY_AUDIT_LINES });
  expect((await states())[compromised]).toBe('retired');
  expect(Object.values(await states())).toEqual(['retired', 'signing']);
  expect(await readdir(ringDirectory)).not.toContain(`${compromised}.pem`);
  expect(await auditTexts()).toMatch(new RegExp(`key_retire[^}]*${compromised}`));
  expect(await keys(`retire ${compromised}`)).toMatchObject({
    exitCode: 1,
    stderr: 'portcullis: this key is already retired\n',
  });
});

test('retiring a waiting key leaves the signing key unchanged', async () => {
  const [signing, waiting] = await givenRing('with a waiting key');
  expect(await keys(`retire ${waiting}`)).toMatchObject({ exitCode: 0 });
  expect(await states()).toEqual({ [signing]: 'signing', [waiting]: 'retired' });
});

test('a gateway that does not acknowledge a change is reported to the operator, with exit code 1', async () => {
  await givenRing('with one key');
  const silent = createClient({ RESP: 2, socket: { path: redis.url.slice('unix://'.length), tls: false } });
  await silent.connect();
  await silent.subscribe(ringChannel(), () => {});
  try {
    const result = await keys('rotate');
    expect(result.exitCode).toBe(1);
    expect(result.stdout).toContain('confirmed by 0 of 1 gateways');
    expect(result.stderr).toContain('did not confirm');
  } finally {
    silent.destroy();
  }
});

test('without Redis a key is still retired, and the failures are reported, with exit code 1', async () => {
  const [, waiting] = await givenRing('with a waiting key');
  const result = await keys(`retire ${waiting}`, { REDIS_URL: 'unix:///nowhere.sock' });
  expect(result.exitCode).toBe(1);
  expect(result.stderr).toContain('could not notify the gateways');
  expect(result.stderr).toContain('could not write an audit record of key_retire');
  expect((await states())[waiting]).toBe('retired');
});

test.each<[string, string, Record<string, string>, RegExp]>([
  ['a key that is not in the ring', `retire ${'x'.repeat(43)}`, {}, /^portcullis: there is no such key/],
  ['fixed keys in a setting', 'rotate', { SIGNING_KEY: await makeKeyPem() }, /^portcullis: SIGNING_KEY: /],
  [
    'production without a key directory',
    'rotate',
    { KEYS_DIR: '', NODE_ENV: 'production', ISSUER: 'https://gate.example', DATA_DIR: 'nowhere' },
    /^portcullis: KEYS_DIR: /,
  ],
])('%s: refused with the reason, and nothing changes', async (_what, words, env, reason) => {
  await givenRing('with one key');
  const before = await readRing(ringDirectory);
  const result = await keys(words, env);
  expect(result).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringMatching(reason) });
  expect(await readRing(ringDirectory)).toEqual(before);
  expect(await auditTexts()).toBe('');
});
