import { webcrypto } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import { parseOptions } from '@node-rs/argon2';
import { test as base, expect } from 'vitest';
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
    return (options: { workers: number; queueMax: number }): PasswordHasher => {
      const hasher = new PasswordHasher(options);
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
