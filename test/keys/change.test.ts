import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, describe, expect } from 'vitest';
import { changeRing } from '../../src/keys/change.ts';
import { type EnsureRingOptions, ensureRing } from '../../src/keys/open.ts';
import { InvalidKeyError, keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';
import { handOver, retireKey, rotateRing } from '../../src/keys/rotation.ts';
import type { RingRecord } from '../../src/keys/schedule.ts';
import { readKeys, readRing } from '../../src/keys/store.ts';
import { Refusal } from '../../src/refusal.ts';

const NOW_MS = 1_800_000_000_000;

interface KeyDirectory {
  directory: string;
  /** What a gateway passes to `ensureRing`. */
  options: EnsureRingOptions;
}

const test = base.extend('files', async ({}, { onCleanup }): Promise<KeyDirectory> => {
  const parent = await mkdtemp(join(tmpdir(), 'portcullis-keys-'));
  onCleanup(() => rm(parent, { recursive: true }));
  const directory = join(parent, 'keys');
  return { directory, options: { directory, mayCreate: true, tokensLiveSeconds: 600 } };
});

const modeOf = async (...path: string[]): Promise<number> => (await stat(join(...path))).mode & 0o777;
const kids = (record: RingRecord | undefined): string[] => record?.keys.map(({ kid }) => kid) ?? [];

describe('at the start of a gateway', () => {
  test('a ring is created that only its owner can read, and the next start uses it', async ({
    files: { directory, options },
  }) => {
    const made = await ensureRing(options, NOW_MS);
    expect(await ensureRing(options, NOW_MS + 1000)).toEqual(made);
    expect(await modeOf(directory)).toBe(0o700);
    expect((await readdir(directory)).sort()).toEqual([`${kids(made)[0]}.pem`, 'ring.json'].sort());
    for (const name of await readdir(directory)) expect(await modeOf(directory, name)).toBe(0o600);
  });

  test('several processes that start at once use one ring of one key and leave no other file', async ({
    files: { directory, options },
  }) => {
    const rings = await Promise.all(Array.from({ length: 5 }, () => ensureRing(options, NOW_MS)));
    expect(new Set(rings.flatMap(kids)).size).toBe(1);
    expect(await readdir(directory)).toHaveLength(2);
  });

  test('where no ring may be created, the error names the setting and the command', async ({
    files: { directory, options },
  }) => {
    const opening = ensureRing({ ...options, mayCreate: false }, NOW_MS);
    await expect(opening).rejects.toThrow(/^KEYS_DIR: .*portcullis keys rotate/);
    await expect(readdir(directory)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('the single key of a version without key rings becomes the first key of the ring', async ({
    files: { directory, options },
  }) => {
    const pem = await makeKeyPem();
    await mkdir(directory);
    await writeFile(join(directory, 'signing.pem'), pem);
    const ring = await ensureRing(options, NOW_MS);
    const { kid } = (await keyRingFromPem(pem)).signing;
    expect(kids(ring)).toEqual([kid]);
    expect((await readdir(directory)).sort()).toEqual([`${kid}.pem`, 'ring.json'].sort());
  });

  test('a process with a longer token lifetime records it before it signs a token', async ({
    files: { directory, options },
  }) => {
    await ensureRing(options, NOW_MS);
    await ensureRing({ ...options, tokensLiveSeconds: 3600 }, NOW_MS);
    await ensureRing(options, NOW_MS);
    expect((await readRing(directory))?.tokensLiveSeconds).toBe(3600);
  });

  test.for<[string, (kid: string) => [string, string | undefined]]>([
    ['a record that is not JSON', () => ['ring.json', 'damaged']],
    ['a record without a key that signs', () => ['ring.json', '{"id":"x","version":1,"keys":[]}']],
    ['a missing key', (kid) => [`${kid}.pem`, undefined]],
    ['a damaged key file', (kid) => [`${kid}.pem`, 'damaged']],
  ])('%s is refused and not replaced', async ([_what, damage], { files: { directory, options } }) => {
    const [kid = ''] = kids(await ensureRing(options, NOW_MS));
    const [name, content] = damage(kid);
    await (content === undefined ? rm(join(directory, name)) : writeFile(join(directory, name), content));
    const reading = ensureRing(options, NOW_MS).then((record) => readKeys(directory, record));
    await expect(reading).rejects.toThrow(/^KEYS_DIR: /);
    if (content !== undefined) expect(await readFile(join(directory, name), 'utf8')).toBe(content);
  });

  test('a key file that holds another key than its name states is refused', async ({
    files: { directory, options },
  }) => {
    const record = await ensureRing(options, NOW_MS);
    await writeFile(join(directory, `${kids(record)[0]}.pem`), await makeKeyPem());
    await expect(readKeys(directory, record)).rejects.toBeInstanceOf(InvalidKeyError);
  });
});

describe('a change', () => {
  test('by several processes at once adds one waiting key, and the others are refused', async ({
    files: { directory, options },
  }) => {
    await ensureRing(options, NOW_MS);
    const rotation = { leadMs: 1000, tokensLiveSeconds: 600 };
    const rotations = await Promise.all([1, 2, 3].map(() => rotateRing(directory, rotation, NOW_MS)));
    expect(rotations.filter((made) => made instanceof Refusal)).toHaveLength(2);
    const ring = await readRing(directory);
    expect(ring?.keys).toHaveLength(2);
    expect(await readdir(directory)).toHaveLength(3);
  });

  test('deletes the private keys of retired and expired keys', async ({ files: { directory, options } }) => {
    const [first = ''] = kids(await ensureRing(options, NOW_MS));
    const { kid: second } = await handOver(directory, 600, NOW_MS);
    await retireKey(directory, first, NOW_MS + 1000);
    expect((await readdir(directory)).sort()).toEqual([`${second}.pem`, 'ring.json'].sort());
    const { kid: third } = await handOver(directory, 600, NOW_MS + 2000);
    const { kid: fourth } = await handOver(directory, 600, NOW_MS + 2000 + 700_000);
    expect((await readdir(directory)).sort()).toEqual([`${third}.pem`, `${fourth}.pem`, 'ring.json'].sort());
  });

  test('does not retire the last key, a retired key or an unknown key', async ({
    files: { directory, options },
  }) => {
    const [first = ''] = kids(await ensureRing(options, NOW_MS));
    const before = await readFile(join(directory, 'ring.json'), 'utf8');
    expect(await retireKey(directory, first, NOW_MS)).toMatchObject({ reason: 'key_signs' });
    expect(await retireKey(directory, 'x'.repeat(43), NOW_MS)).toMatchObject({ reason: 'key_unknown' });
    expect(await readFile(join(directory, 'ring.json'), 'utf8')).toBe(before);
    await handOver(directory, 600, NOW_MS);
    await retireKey(directory, first, NOW_MS + 500);
    expect(await retireKey(directory, first, NOW_MS + 500)).toMatchObject({ reason: 'key_retired' });
  });

  test('activates a waiting key instead of adding another one', async ({ files: { directory, options } }) => {
    await ensureRing(options, NOW_MS);
    const waiting = await rotateRing(directory, { leadMs: 120_000, tokensLiveSeconds: 600 }, NOW_MS);
    const { kid, isNew, record } = await handOver(directory, 600, NOW_MS);
    expect({ kid, isNew }).toEqual({ kid: waiting instanceof Refusal ? '' : waiting.kid, isNew: false });
    expect(record.keys.at(-1)?.signsFromMs).toBe(NOW_MS + 500);
  });

  test('that fails leaves the ring as it was and releases the lock', async ({
    files: { directory, options },
  }) => {
    const before = await ensureRing(options, NOW_MS);
    const failing = changeRing(directory, () => {
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await readRing(directory)).toEqual(before);
    await handOver(directory, 600, NOW_MS);
  });

  test('that was interrupted by a kill affects no reader, and the next one names the file to delete', async ({
    files: { directory, options },
  }) => {
    const before = await ensureRing(options, NOW_MS);
    await interruptChange(directory);
    expect(await readRing(directory)).toEqual(before);
    await expect(handOver(directory, 600, NOW_MS)).rejects.toThrow(/delete .*ring\.json\.next$/);
  });
});

/** Runs a process that is killed by SIGKILL while it holds the lock. */
async function interruptChange(ring: string): Promise<void> {
  const program = `
    import { changeRing } from './src/keys/change.ts';
    await changeRing(process.argv[1], () => process.kill(process.pid, 'SIGKILL'));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, ring]);
  await once(child, 'exit');
}
