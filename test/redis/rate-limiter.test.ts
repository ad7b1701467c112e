import { randomUUID } from 'node:crypto';
import { describe, expect } from 'vitest';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { countersByNetwork, type HeldAttempt, RateLimiter, takeAll } from '../../src/redis/rate-limiter.ts';
import { Refusal } from '../../src/refusal.ts';
import { redisTest } from '../support/fixtures.ts';

const NOW_MS = 1_900_000_000_000;
const WINDOW_SECONDS = 60;

const test = redisTest
  .extend(
    'byText',
    ({ link }) => new RateLimiter(link, { name: randomUUID(), max: 2, windowSeconds: WINDOW_SECONDS }),
  )
  .extend(
    'byNetwork',
    ({ link }) =>
      new RateLimiter(link, {
        name: randomUUID(),
        max: 2,
        windowSeconds: WINDOW_SECONDS,
        countersOf: countersByNetwork,
      }),
  );

const held = async (attempt: Promise<HeldAttempt | Refusal<'rate_limited'>>): Promise<HeldAttempt> => {
  const outcome = await attempt;
  if (outcome instanceof Refusal) throw new Error('the attempt was refused');
  return outcome;
};

describe('a counter', () => {
  test('refuses what exceeds its maximum until its window ends, with the seconds until then', async ({
    byText,
  }) => {
    expect([await byText.take('a', NOW_MS), await byText.take('a', NOW_MS + 1000)]).toEqual([0, 0]);
    expect(await byText.take('a', NOW_MS + 2000)).toBe(WINDOW_SECONDS - 2);
    expect(await byText.take('b', NOW_MS)).toBe(0);
    expect(await byText.take('a', NOW_MS + WINDOW_SECONDS * 1000)).toBe(0);
  });

  test('does not count what it refuses', async ({ byText }) => {
    for (let i = 0; i < 5; i += 1) await byText.take('a', NOW_MS);
    expect((await byText.usage('a', NOW_MS)).count).toBe(2);
    await byText.refund('a', NOW_MS);
    expect(await byText.take('a', NOW_MS)).toBe(0);
  });

  test('counts at most its maximum of many concurrent attempts', async ({ byText }) => {
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => byText.take('a', NOW_MS)));
    expect(outcomes.filter((seconds) => seconds === 0)).toHaveLength(2);
  });

  test('expires in Redis with its window', async ({ byText, link }) => {
    await byText.take('only-this', NOW_MS);
    const keys = await link.run((client) => client.keys('throttle:*'));
    for (const key of keys) {
      const ttl = await link.run((client) => client.pTTL(key));
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(WINDOW_SECONDS * 1000);
    }
  });
});

describe('networks', () => {
  const fill = async (limiter: RateLimiter, addresses: readonly string[]): Promise<number> => {
    let counted = 0;
    for (const address of addresses) if ((await limiter.take(address, NOW_MS)) === 0) counted += 1;
    return counted;
  };

  test('of IPv6 are counted as /64, /56 and /48 with limits that grow by 4', async ({ byNetwork }) => {
    const oneByOne = (format: (i: number) => string) => Array.from({ length: 100 }, (_, i) => format(i));
    expect(
      await fill(
        byNetwork,
        oneByOne((i) => `2001:db8:1:100::${i.toString(16)}`),
      ),
    ).toBe(2);
    expect(
      await fill(
        byNetwork,
        oneByOne((i) => `2001:db8:2:1${(i % 256).toString(16).padStart(2, '0')}::1`),
      ),
    ).toBe(8);
    expect(
      await fill(
        byNetwork,
        oneByOne((i) => `2001:db8:3:${(i * 256).toString(16)}::1`),
      ),
    ).toBe(32);
    expect(await byNetwork.take('2001:db8:4::1', NOW_MS)).toBe(0);
  });

  test('of IPv4 are single addresses', async ({ byNetwork }) => {
    expect(await fill(byNetwork, ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2'])).toBe(3);
  });

  test('share one slot of a cluster, and what one of them refuses none of them counts', async ({
    byNetwork,
    redis,
  }) => {
    await fill(byNetwork, ['2001:db8:5:1::1', '2001:db8:5:1::2']);
    const before = await redis.dump();
    expect(await byNetwork.take('2001:db8:5:1::3', NOW_MS)).toBeGreaterThan(0);
    expect(await redis.dump()).toEqual(before);
    const tags = [...before.keys()]
      .filter((key) => key.includes('2001:db8:5'))
      .map((key) => /\{(.*)\}/.exec(key)?.[1]);
    expect(tags).toEqual(['2001:db8:5::/48', '2001:db8:5::/48', '2001:db8:5::/48']);
  });

  test('are all left as they were when Redis may not write, and the attempt is not let through', async ({
    byNetwork,
    redis,
    link,
  }) => {
    await link.run((client) =>
      client.sendCommand(['ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '&*', '+@all', '-set']),
    );
    const reader = new RedisLink({ url: redis.url, deadlineMs: 900, log: createLog('cli', 'silent') });
    try {
      await reader.whenReady(30_000);
      await reader.run((client) => client.sendCommand(['AUTH', 'reader', 'secret']));
      const limiter = new RateLimiter(reader, {
        name: randomUUID(),
        max: 2,
        windowSeconds: WINDOW_SECONDS,
        countersOf: countersByNetwork,
      });
      await byNetwork.take('2001:db8:6::1', NOW_MS);
      const before = await redis.dump();
      await expect(limiter.take('2001:db8:6::1', NOW_MS)).rejects.toMatchObject({
        code: 'redis_unavailable',
      });
      expect(await redis.dump()).toEqual(before);
    } finally {
      reader.close();
    }
  });
});

describe('a held attempt', () => {
  test('fills a counter until its outcome is known', async ({ byText }) => {
    const [one, two] = [await held(byText.hold('a', NOW_MS)), await held(byText.hold('a', NOW_MS))];
    expect(await byText.hold('a', NOW_MS)).toMatchObject({ reason: 'rate_limited', retryAfterSeconds: 1 });
    await one.settle('release');
    await two.settle('count');
    expect((await byText.usage('a', NOW_MS)).count).toBe(1);
    await held(byText.hold('a', NOW_MS));
  });

  test('is waited for by the next one', async ({ byText }) => {
    const [one] = [await held(byText.hold('a', NOW_MS)), await held(byText.hold('a', NOW_MS))];
    const next = byText.hold('a', NOW_MS, 5000);
    await one.settle('release');
    await held(next);
  });

  test('that counts makes the next one wait for the end of the window', async ({ byText }) => {
    const both = [await held(byText.hold('a', NOW_MS)), await held(byText.hold('a', NOW_MS))];
    const next = byText.hold('a', NOW_MS, 5000);
    for (const one of both) await one.settle('count');
    expect(await next).toMatchObject({ reason: 'rate_limited', retryAfterSeconds: WINDOW_SECONDS });
  });

  test('that is never settled is forgotten after 30 seconds and has not counted', async ({ byText }) => {
    for (let i = 0; i < 2; i += 1) await held(byText.hold('a', NOW_MS));
    expect(await byText.hold('a', NOW_MS + 29_999)).toBeInstanceOf(Refusal);
    await held(byText.hold('a', NOW_MS + 30_000));
    expect((await byText.usage('a', NOW_MS + 30_000)).count).toBe(0);
  });

  test('that clears lets the subject start afresh', async ({ byText }) => {
    await byText.take('a', NOW_MS);
    await (await held(byText.hold('a', NOW_MS))).settle('clear');
    expect((await byText.usage('a', NOW_MS)).count).toBe(0);
  });
});

test('what one of several limiters refuses none of them counts', async ({ byText, byNetwork }) => {
  for (let i = 0; i < 2; i += 1) await byText.take('a', NOW_MS);
  const limits = [
    [byNetwork, '192.0.2.7'],
    [byText, 'a'],
  ] as const;
  expect(await takeAll(limits, NOW_MS)).toBeGreaterThan(0);
  expect((await byNetwork.usage('192.0.2.7', NOW_MS)).count).toBe(0);
});

test('a malformed counter lets nothing through', async ({ byText, link }) => {
  await byText.take('broken', NOW_MS);
  const all = await link.run((client) => client.keys('throttle:*'));
  for (const one of all) await link.run((client) => client.set(one, '7'));
  expect(all).not.toEqual([]);
  await expect(byText.take('broken', NOW_MS)).rejects.toMatchObject({ code: 'redis_unavailable' });
});
