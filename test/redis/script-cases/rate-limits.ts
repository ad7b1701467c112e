import type { RedisLink } from '../../../src/redis/connection.ts';
import { countersByNetwork, RateLimiter } from '../../../src/redis/rate-limiter.ts';
import { Refusal } from '../../../src/refusal.ts';
import type { ScriptCase } from '../script-trial.ts';

const ADDRESS = '2001:db8::1';

const limiter = (link: RedisLink): RateLimiter =>
  new RateLimiter(link, { name: 'trial', max: 2, windowSeconds: 60, countersOf: countersByNetwork });

async function settle(link: RedisLink, outcome: 'count' | 'release' | 'clear'): Promise<void> {
  const held = await limiter(link).hold(ADDRESS, Date.now());
  if (held instanceof Refusal) throw new Error(held.reason);
  await held.settle(outcome);
}

export const RATE_LIMIT_CASES: readonly ScriptCase[] = [
  { script: 'rate-limit-take', when: 'it counts', run: (link) => limiter(link).take(ADDRESS, Date.now()) },
  { script: 'rate-limit-take', when: 'it holds', run: (link) => limiter(link).hold(ADDRESS, Date.now()) },
  { script: 'rate-limit-settle', when: 'the attempt counts', run: (link) => settle(link, 'count') },
  { script: 'rate-limit-settle', when: 'the attempt does not count', run: (link) => settle(link, 'release') },
  {
    script: 'rate-limit-settle',
    when: 'the attempt is taken back',
    run: async (link) => {
      const nowMs = Date.now();
      for (let i = 0; i < 2; i += 1) await limiter(link).take(ADDRESS, nowMs);
      await limiter(link).refund(ADDRESS, nowMs);
    },
  },
];
