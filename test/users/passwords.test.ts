import { webcrypto } from 'node:crypto';
import { parseOptions } from '@node-rs/argon2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PasswordHasher, PasswordQueueFull } from '../../src/users/passwords.ts';

let hasher: PasswordHasher;
beforeAll(() => {
  hasher = new PasswordHasher({ workers: 2, queueMax: 100 });
});
afterAll(() => hasher.close());

test('a hash is argon2id with at least the cost that OWASP asks for, and salted anew each time', async () => {
  const [one, two] = await Promise.all([hasher.hash('foobared'), hasher.hash('foobared')]);
  expect(one).toMatch(/^\$argon2id\$v=19\$/);
  expect(parseOptions(one)).toMatchObject({ memoryCost: 19_456, timeCost: 2, parallelism: 1 });
  expect(one).not.toBe(two);
});

test('only the right password matches, in either Unicode form', async () => {
  const hash = await hasher.hash('pässword');
  expect(await hasher.verify('pa\u0308ssword', hash)).toBe(true);
  expect(await hasher.verify('passwort', hash)).toBe(false);
});

test('an unknown user costs a full check and is never a match', async () => {
  const narrow = new PasswordHasher({ workers: 1, queueMax: 1 });
  try {
    await narrow.decoy();
    const tries = Array.from({ length: 3 }, () => narrow.verify('anything', undefined));
    const outcomes = await Promise.allSettled(tries);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(outcomes[0]).toEqual({ status: 'fulfilled', value: false });
    expect(outcomes[2]).toMatchObject({ reason: expect.any(PasswordQueueFull) });
  } finally {
    await narrow.close();
  }
});

test('a stored hash that is none fails its own check, and the next ones go on', async () => {
  await expect(hasher.verify('foobared', 'not a hash')).rejects.toThrow('a password thread failed');
  const hash = await hasher.hash('foobared');
  expect(await Promise.all(Array.from({ length: 8 }, () => hasher.verify('foobared', hash)))).toEqual(
    Array.from({ length: 8 }, () => true),
  );
});

test('signatures are made while every password thread is busy and its queue is full', async () => {
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

test('a closed hasher refuses instead of waiting forever', async () => {
  const closing = new PasswordHasher({ workers: 1, queueMax: 5 });
  const pending = [closing.hash('one'), closing.hash('two')].map((work) =>
    work.catch((fault: Error) => fault.message),
  );
  await closing.close();
  expect(await Promise.all(pending)).toEqual(
    Array.from({ length: 2 }, () => 'the password hasher was closed'),
  );
  await expect(closing.hash('three')).rejects.toThrow('closed');
});
