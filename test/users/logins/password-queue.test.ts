import { describe, expect, test } from 'vitest';
import { Refusal } from '../../../src/refusal.ts';
import { PasswordQueue, type Rank } from '../../../src/users/logins/password-queue.ts';

/** A queue with one turn at a time, and the names of those who had theirs, in order. */
function queueUnderTest(options: { max?: number; maxPerNetwork?: number; timeoutMs?: number } = {}) {
  const queue = new PasswordQueue({
    concurrency: 1,
    max: 8,
    maxPerNetwork: 8,
    timeoutMs: 60_000,
    ...options,
  });
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = queue.run({ rank: 'stranger', address: '192.0.2.99' }, () => gate.promise);
  return {
    order,
    enter: (name: string, address: string, rank: Rank = 'stranger') =>
      queue.run({ rank, address }, async () => void order.push(name)),
    /** Lets the turns begin, and waits for all. */
    open: async (entered: readonly Promise<unknown>[]): Promise<unknown[]> => {
      gate.resolve();
      await first;
      return Promise.all(entered);
    },
  };
}

const REFUSED = new Refusal('password_queue_full');
const ATTACKER = '203.0.113.1';

describe('a turn', () => {
  test('goes to known devices first, those of staff before others, and to networks with failures last', async () => {
    const { enter, open, order } = queueUnderTest();
    await open([
      enter('failed', '192.0.2.1', 'failed-before'),
      enter('stranger', '192.0.2.2', 'stranger'),
      enter('known', '192.0.2.3', 'known-device'),
    ]);
    expect(order).toEqual(['known', 'stranger', 'failed']);
  });

  test('goes to a network with nobody ahead before one with many waiting', async () => {
    const { enter, open, order } = queueUnderTest();
    const flood = ['a1', 'a2', 'a3'].map((name) => enter(name, ATTACKER));
    await open([...flood, enter('bob', '192.0.2.1')]);
    expect(order.indexOf('bob')).toBe(1);
  });

  test('goes to the oldest every fourth time, whatever its rank', async () => {
    const { enter, open, order } = queueUnderTest();
    const last = enter('failed', ATTACKER, 'failed-before');
    const known = Array.from({ length: 5 }, (_, i) => enter(`known-${i}`, `192.0.2.${i}`, 'known-device'));
    await open([last, ...known]);
    expect(order.indexOf('failed')).toBeLessThan(4);
  });

  test('that does not come in time is refused, and its place is free', async () => {
    const { enter, open, order } = queueUnderTest({ max: 1, timeoutMs: 20 });
    expect(await enter('late', ATTACKER)).toEqual(REFUSED);
    const next = enter('next', ATTACKER);
    await open([next]);
    expect(order).not.toContain('late');
    expect(await next).not.toBeInstanceOf(Refusal);
  });

  test('is given back if the work throws', async () => {
    const queue = new PasswordQueue({ concurrency: 1, max: 1, maxPerNetwork: 1, timeoutMs: 60_000 });
    const from = { rank: 'stranger', address: ATTACKER } as const;
    await expect(queue.run(from, () => Promise.reject(new Error('a fault')))).rejects.toThrow('a fault');
    expect(await queue.run(from, () => Promise.resolve('done'))).toBe('done');
  });
});

describe('the places', () => {
  test('of one network are limited to its share, and an IPv6 /48 is one network', async () => {
    const { enter, open, order } = queueUnderTest({ maxPerNetwork: 2 });
    const flood = [1, 2, 3].map((i) => enter(`a${i}`, `2001:db8:0:${i}::${i}`));
    expect(await open([...flood, enter('bob', '2001:db8:1::1')])).toEqual([
      undefined,
      undefined,
      REFUSED,
      undefined,
    ]);
    expect(order).toContain('bob');
  });

  test('are taken from the network with the most waiting when there are none left', async () => {
    const { enter, open, order } = queueUnderTest({ max: 4 });
    const flood = [1, 2, 3].map((i) => enter(`a${i}`, ATTACKER));
    const outcomes = await open([...flood, enter('bob', '192.0.2.1'), enter('carol', '192.0.2.2')]);
    expect(outcomes).toEqual([undefined, REFUSED, REFUSED, undefined, undefined]);
    expect(order).toEqual(expect.arrayContaining(['a1', 'bob', 'carol']));
  });

  test('are reserved for known devices by a quarter', async () => {
    const { enter, open } = queueUnderTest({ max: 4 });
    const strangers = [1, 2, 3, 4].map((i) => enter(`stranger-${i}`, `192.0.2.${i}`));
    const outcomes = await open([...strangers, enter('known', '192.0.2.9', 'known-device')]);
    expect(outcomes).toEqual([undefined, undefined, undefined, REFUSED, undefined]);
  });

  test('of strangers are taken by a known device, even one in the network of a flood', async () => {
    const { enter, open } = queueUnderTest({ maxPerNetwork: 2 });
    const flood = ['a1', 'a2'].map((name) => enter(name, ATTACKER));
    const outcomes = await open([...flood, enter('known', ATTACKER, 'known-device')]);
    expect(outcomes).toEqual([undefined, REFUSED, undefined]);
  });
});
