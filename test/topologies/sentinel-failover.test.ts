import { appendFile } from 'node:fs/promises';
import { decodeJwt } from 'jose';
import { test as base, expect } from 'vitest';
import type { AccessClaims } from '../../src/jwt/access-token.ts';
import { sessionKey, whitelistKey } from '../../src/redis/keys.ts';
import type { RedisNode } from '../support/redis-node.ts';
import { type RedisReplicas, startRedisReplicas } from '../support/redis-replicas.ts';
import { logIn, statusOf } from '../support/sessions.ts';
import { startTopologyStack, type TopologyStack } from '../support/topology-stack.ts';
import { until } from '../support/until.ts';
import { revokeAndUse } from './revoked-while-failing-over.ts';
import { startSteadyLoad } from './steady-load.ts';

const test = base
  .extend('redis', { scope: 'file' }, async ({}, { onCleanup }): Promise<RedisReplicas> => {
    const redis = await startRedisReplicas({ downAfterMs: 600 });
    onCleanup(() => redis.stop());
    return redis;
  })
  .extend('stack', { scope: 'file' }, async ({ redis }, { onCleanup }): Promise<TopologyStack> => {
    const stack = await startTopologyStack({
      redis: { REDIS_SENTINELS: redis.addresses, REDIS_SENTINEL_LEASE_MS: '600' },
      redisOfFirst: { REDIS_SENTINELS: await redis.anotherWay() },
    });
    onCleanup(() => stack.close());
    return stack;
  });

/** On a busy machine, the Sentinels may need several elections. */
const TIMEOUT_MS = 240_000;

/** How long the gateways may take after the Sentinels know the new primary, on a busy machine. */
const RECOVERY_MS = 60_000;

interface Failure {
  begin(old: RedisNode, redis: RedisReplicas): Promise<void>;
  /** Once all requests are granted again. */
  end(old: RedisNode, redis: RedisReplicas): Promise<void>;
}

const FAILURES: Record<string, Failure> = {
  'is killed': {
    begin: (old) => old.kill(),
    end: (old) => old.start(),
  },
  'hangs and comes back': {
    begin: async (old) => old.freeze(),
    end: async (old) => old.thaw(),
  },
  'is cut off together with the first gateway': {
    begin: async (old, redis) => {
      await redis.cutOtherWay();
      await redis.isolate(old);
    },
    end: async (old, redis) => {
      await redis.healOtherWay();
      await redis.rejoin(old);
    },
  },
  'is replaced by a planned failover': {
    begin: (_old, redis) => redis.failOver(),
    end: async () => {},
  },
};

test.for(Object.entries(FAILURES))(
  'a primary that %s: 503 until another one serves, no revoked token is let in, and no session is lost',
  { timeout: TIMEOUT_MS },
  async ([name, failure], { redis, stack }) => {
    await redis.settled();
    for (const url of stack.urls) await until(async () => (await fetch(`${url}/readyz`)).ok, RECOVERY_MS);
    const [tokens, doomed] = [await logInTimes(stack, 3), await logInTimes(stack, 6)];
    await redis.replicated();
    const old = await redis.primary();
    const load = startSteadyLoad(stack.urls, tokens);
    await until(() => stack.urls.every((url) => load.grantedAt(url, 0) !== undefined));
    const failedMs = performance.now();
    await failure.begin(old, redis);
    await redis.switchedFrom(old);
    const knownMs = performance.now();
    const outcome = await revokeAndUse(stack.urls, doomed, async (token) =>
      isRevokedAt(await redis.primary(), token),
    );
    const reached = name.startsWith('is cut off') ? [stack.urls[1]] : stack.urls;
    await until(() => reached.every((url) => load.grantedAt(url, knownMs) !== undefined), RECOVERY_MS);
    await failure.end(old, redis);
    const endedMs = performance.now();
    await until(() => stack.urls.every((url) => load.grantedAt(url, endedMs) !== undefined), RECOVERY_MS);
    await load.stop();

    expect(outcome.revoked).toBeGreaterThan(0);
    expect(outcome.after.get(200) ?? 0).toBe(0);
    expect(load.statuses()).toEqual(new Set([200, 503]));
    for (const url of stack.urls) {
      for (const token of tokens) expect(await statusOf(url, token)).toBe(200);
      for (const token of doomed) expect(await statusOf(url, token)).toBe(401);
    }
    const recoveredMs = reached.map((url) => (load.grantedAt(url, knownMs) ?? 0) - knownMs);
    const figures = { name, knownMs: knownMs - failedMs, recoveredMs, slowestMs: load.slowestMs() };
    await report({ ...figures, ...outcome, after: Object.fromEntries(outcome.after) });
  },
);

const logInTimes = async (stack: TopologyStack, count: number): Promise<string[]> =>
  (await Promise.all(Array.from({ length: count }, () => logIn(stack.urls[0])))).map(
    ({ access_token }) => access_token,
  );

async function isRevokedAt(primary: RedisNode, token: string): Promise<boolean> {
  const { sub, jti, sid } = decodeJwt<AccessClaims>(token);
  return (await primary.command('EXISTS', whitelistKey(sub, jti), sessionKey(sub, sid))) !== 2;
}

/** Appends the figures of a run to the file of `TOPOLOGY_FIGURES`, if it is set. */
async function report(figures: object): Promise<void> {
  const file = process.env.TOPOLOGY_FIGURES;
  if (file !== undefined) await appendFile(file, `${JSON.stringify(figures)}\n`);
}
