import { hashSync, parseOptions } from '@node-rs/argon2';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import runJob from '../../src/users/hashes/password-worker.ts';
import { type HashCost, missingCost, readStoredHash } from '../../src/users/hashes/stored-hash.ts';

/** The work of all computations since the last test, in KiB times passes. */
const work = vi.hoisted(() => ({ done: 0 }));

vi.mock(import('@node-rs/argon2'), async (importOriginal) => {
  const argon2 = await importOriginal();
  return {
    ...argon2,
    hashSync: (password, options) => {
      work.done += (options?.memoryCost ?? 0) * (options?.timeCost ?? 0);
      return argon2.hashSync(password, options);
    },
    verifySync: (hash, password) => {
      const { memoryCost = 0, timeCost = 0 } = argon2.parseOptions(String(hash));
      work.done += memoryCost * timeCost;
      return argon2.verifySync(hash, password);
    },
  };
});

const PRESENT: HashCost = { memoryKib: 4096, passes: 3 };
const storedOf = ({ memoryKib, passes }: HashCost): string =>
  hashSync('foobared', { algorithm: 2, memoryCost: memoryKib, timeCost: passes, parallelism: 1 });

beforeEach(() => {
  work.done = 0;
});

describe('a check takes the work of the present cost, whether the password matches or not', () => {
  test.for<[string, HashCost]>([
    ['the present cost, like that of an unknown user', PRESENT],
    ['less memory', { memoryKib: 1024, passes: 3 }],
    ['fewer passes', { memoryKib: 4096, passes: 1 }],
    ['less memory and more passes', { memoryKib: 1000, passes: 4 }],
  ])('if the stored hash has %s', ([, cost]) => {
    const hash = storedOf(cost);
    const { settings } = readStoredHash(hash);
    for (const password of ['foobared', 'wrong']) {
      for (const job of [{ kind: 'verify', hash } as const, { kind: 'repeat', settings } as const]) {
        work.done = 0;
        const result = runJob({ ...job, password, cost: PRESENT });
        expect(result === true || result === hash).toBe(password === 'foobared');
        expect(Math.abs(work.done - 4096 * 3)).toBeLessThanOrEqual(PRESENT.passes);
      }
    }
  });
});

test('a new hash takes one computation of the present cost', () => {
  const hash = String(runJob({ kind: 'hash', password: 'foobared', cost: PRESENT }));
  expect(parseOptions(hash)).toMatchObject({ memoryCost: 4096, timeCost: 3 });
  expect(work.done).toBe(4096 * 3);
});

test('a hash that costs as much or more lacks nothing', () => {
  expect(missingCost(PRESENT, PRESENT)).toBeUndefined();
  expect(missingCost({ memoryKib: 8192, passes: 3 }, PRESENT)).toBeUndefined();
  expect(missingCost({ memoryKib: 4095, passes: 3 }, PRESENT)).toBeUndefined();
});
