import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearer, problemOf, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const CROWD = 200;
const FLOOD_MS = 1000;
const RESPONSE_WITHIN_MS = 2000;
/** About 45 MiB of it are the heap's young generation, which thousands of refusals per second grow to its limit. */
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;

let seed: TestGateway;
let upstream: Upstream;
let gateway: GatewayProcess;
let headers: Record<string, string>;
beforeAll(async () => {
  upstream = await startUpstream();
  seed = await startTestGateway();
  const shared = { REDIS_URL: seed.redis.url, SIGNING_KEY: seed.signingKeyPem };
  gateway = await startGatewayProcess({ ...shared, BANK_URL: upstream.url });
  headers = bearer(await seed.login());
});
afterAll(async () => {
  expect(await gateway.stop()).toBe(0);
  await seed.close();
  await upstream.close();
});

interface Seen {
  responses: Map<string, number>;
  slowestMs: number;
}

/** A client that repeats its request, whatever the response, until the flood is over. */
async function repeat(endMs: number, seen: Seen): Promise<void> {
  while (performance.now() < endMs) {
    const startMs = performance.now();
    const { status, code } = await problemOf(await fetch(`${gateway.url}/bank/accounts`, { headers }));
    seen.slowestMs = Math.max(seen.slowestMs, performance.now() - startMs);
    const response = `${status} ${code}`;
    seen.responses.set(response, (seen.responses.get(response) ?? 0) + 1);
  }
}

async function flood(): Promise<Seen> {
  const seen: Seen = { responses: new Map(), slowestMs: 0 };
  const endMs = performance.now() + FLOOD_MS;
  await Promise.all(Array.from({ length: CROWD }, () => repeat(endMs, seen)));
  return seen;
}

test('during a flood of requests with Redis frozen, then down, each gets a 503 in time and memory stays bounded', async () => {
  await flood();
  const before = (await gateway.memory()).peak;
  const upstreamBefore = upstream.count;
  seed.redis.freeze();
  const frozen = await flood();
  await seed.redis.kill();
  const gone = await flood();
  for (const { responses, slowestMs } of [frozen, gone]) {
    expect([...responses.keys()]).toEqual(['503 service_unavailable']);
    expect(responses.get('503 service_unavailable')).toBeGreaterThan(CROWD);
    expect(slowestMs).toBeLessThan(RESPONSE_WITHIN_MS);
  }
  expect(upstream.count).toBe(upstreamBefore);
  expect((await gateway.memory()).peak - before).toBeLessThan(MAX_GROWTH_BYTES);
  await seed.redis.restart();
  await until(async () => (await fetch(`${gateway.url}/readyz`)).ok);
});
