import { randomBytes, webcrypto } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import { parseOptions } from '@node-rs/argon2';
import { test as base, describe, expect } from 'vitest';
import { readPeppers } from '../../src/keys/pepper.ts';
import { PasswordHasher, PasswordQueueFull } from '../../src/users/passwords.ts';

/** `hasher` is shared by the file; `openHasher` opens another one that is closed after the test. */
const test = base
  .extend('hasher', { scope: 'file' }, async ({}, { onCleanup }): Promise<PasswordHasher> => {
    const hasher = new PasswordHasher({ workers: 2, queueMax: 100 });
    onCleanup(() => hasher.close());
    return hasher;
  })
  .extend('openHasher', async ({}, { onCleanup }) => {
    const opened: PasswordHasher[] = [];
    onCleanup(async () => {
      for (const hasher of opened) await hasher.close();
    });
    return (options: Partial<ConstructorParameters<typeof PasswordHasher>[0]> = {}): PasswordHasher => {
      const hasher = new PasswordHasher({ workers: 1, queueMax: 10, ...options });
      opened.push(hasher);
      return hasher;
    };
  });

test('a hash is argon2id with at least the cost that OWASP recommends and a fresh salt', async ({
  hasher,
}) => {
  const [one, two] = await Promise.all([hasher.hash('foobared'), hasher.hash('foobared')]);
  expect(one).toMatch(/^\$argon2id\$v=19\$/);
  expect(parseOptions(one)).toMatchObject({ memoryCost: 19_456, timeCost: 2, parallelism: 1 });
  expect(one).not.toBe(two);
});

test('only the correct password matches, in either Unicode form', async ({ hasher }) => {
  const hash = await hasher.hash('pässword');
  expect(await hasher.verify('pa\u0308ssword', hash)).toBe(true);
  expect(await hasher.verify('passwort', hash)).toBe(false);
});

test('an unknown user costs a full check and never matches', async ({ openHasher }) => {
  const narrow = openHasher({ workers: 1, queueMax: 1 });
  await narrow.decoy();
  const attempts = Array.from({ length: 3 }, () => narrow.verify('anything', undefined));
  const outcomes = await Promise.allSettled(attempts);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  expect(outcomes[0]).toEqual({ status: 'fulfilled', value: false });
  expect(outcomes[2]).toMatchObject({ reason: expect.any(PasswordQueueFull) });
});

test('a malformed stored hash fails only its own check', async ({ hasher }) => {
  await expect(hasher.verify('foobared', 'not a hash')).rejects.toThrow('a password thread failed');
  const hash = await hasher.hash('foobared');
  expect(await Promise.all(Array.from({ length: 8 }, () => hasher.verify('foobared', hash)))).toEqual(
    Array.from({ length: 8 }, () => true),
  );
});

test('a thread that exits fails only its own check and is replaced', async ({ openHasher }) => {
  const threads: Worker[] = [];
  const collect = (thread: Worker): unknown => threads.push(thread);
  process.on('worker', collect);
  const hasher = openHasher({ workers: 1, queueMax: 5 });
  const hash = await hasher.hash('foobared');
  const checks = Promise.allSettled(Array.from({ length: 4 }, () => hasher.verify('foobared', hash)));
  await threads[0]?.terminate();
  const [first, ...others] = await checks;
  expect(first).toMatchObject({ reason: { message: 'a password thread failed' } });
  expect(others).toEqual(Array.from({ length: 3 }, () => ({ status: 'fulfilled', value: true })));
  expect(threads).toHaveLength(2);
  process.off('worker', collect);
});

test('signing does not wait for password checks when every thread is busy and the queue is full', async ({
  hasher,
}) => {
  const { privateKey } = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
  ]);
  const hash = await hasher.hash('foobared');
  let checked = 0;
  const flood = Array.from({ length: 60 }, () => hasher.verify('foobared', hash).then(() => (checked += 1)));
  await webcrypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, new Uint8Array(32));
  expect(checked).toBeLessThan(60);
  await Promise.all(flood);
});

test('closing rejects pending and later jobs instead of leaving them waiting', async ({ openHasher }) => {
  const closing = openHasher({ workers: 1, queueMax: 5 });
  const pending = [closing.hash('one'), closing.hash('two')].map((work) =>
    work.catch((fault: Error) => fault.message),
  );
  await closing.close();
  expect(await Promise.all(pending)).toEqual(
    Array.from({ length: 2 }, () => 'the password hasher was closed'),
  );
  await expect(closing.hash('three')).rejects.toThrow('closed');
});

describe('with a pepper', () => {
  const [first, second] = [randomBytes(32), randomBytes(32)].map((key) => key.toString('base64url'));
  const peppers = readPeppers(`${first}`);

  test('a stored hash names the pepper, keeps the parameters readable and holds no argon2id hash', async ({
    openHasher,
  }) => {
    const stored = await openHasher({ peppers }).hash('foobared');
    const [, prefix, argon2 = ''] = /^(\$hmac-sha256\$k=[\w-]{8})(\$argon2id\$.+)$/.exec(stored) ?? [];
    expect(prefix).toBe(`$hmac-sha256$k=${peppers[0]?.id}`);
    expect(argon2).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w-]{43}$/);
    const plain = argon2.replaceAll('-', '+').replaceAll('_', '/');
    expect(await openHasher().verify('foobared', plain)).toBe(false);
    expect(stored).not.toContain(first);
  });

  test('only the correct password matches, and only with the same pepper', async ({ openHasher }) => {
    const stored = await openHasher({ peppers }).hash('pässword');
    expect(await openHasher({ peppers }).verify('pa\u0308ssword', stored)).toBe(true);
    expect(await openHasher({ peppers }).verify('passwort', stored)).toBe(false);
    const lines: unknown[] = [];
    const other = openHasher({
      peppers: readPeppers(`${second}`),
      log: { error: (line: unknown) => lines.push(line) },
    });
    expect(await other.verify('pässword', stored)).toBe(false);
    expect(lines).toEqual([{ event: 'pepper_unknown', pepperId: peppers[0]?.id }]);
  });

  test('after a rotation old hashes match, and new ones have the new pepper', async ({ openHasher }) => {
    const stored = await openHasher({ peppers }).hash('foobared');
    const rotated = openHasher({ peppers: readPeppers(`${second},\n${first}`) });
    expect(await rotated.verify('foobared', stored)).toBe(true);
    expect(rotated.isOutdated(stored)).toBe(true);
    const next = await rotated.hash('foobared');
    expect(rotated.isOutdated(next)).toBe(false);
    expect(await openHasher({ peppers: readPeppers(`${second}`) }).verify('foobared', next)).toBe(true);
  });

  test('a hash without a pepper matches and is outdated, as is one of a lower cost', async ({
    openHasher,
  }) => {
    const hasher = openHasher({ peppers, cost: { memoryKib: 19_456, passes: 3 } });
    const plain = await openHasher().hash('foobared');
    expect(await hasher.verify('foobared', plain)).toBe(true);
    expect(hasher.isOutdated(plain)).toBe(true);
    expect(hasher.isOutdated(await openHasher({ peppers }).hash('foobared'))).toBe(true);
    expect(hasher.isOutdated(await hasher.hash('foobared'))).toBe(false);
  });

  test.for([
    ['short', 'c2hvcnQ'],
    ['a pattern', 'A'.repeat(43)],
    ['empty', ''],
    ['one of two that is short', `${first} c2hvcnQ`],
  ])('a key that is %s is refused with an error that names the setting', ([_what, text]) => {
    expect(() => readPeppers(text ?? '')).toThrow(
      /^PASSWORD_PEPPER: must be at least 32 random bytes in base64url$/,
    );
  });
});
