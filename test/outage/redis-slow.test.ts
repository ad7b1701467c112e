import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  actions,
  expectOutage,
  expectRecovery,
  type FailingRedisGateway,
  startFailingRedisGateway,
} from '../support/outage.ts';
import { type RedisRelay, startRedisRelay } from '../support/redis-relay.ts';

let relay: RedisRelay;
let gateway: FailingRedisGateway;
beforeAll(async () => {
  gateway = await startFailingRedisGateway({
    redisUrl: async ({ tcpUrl = '' }) => {
      relay = await startRedisRelay(tcpUrl);
      return relay.url;
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await relay.close();
});

test('a Redis reply that is slow but within the deadline is used', async () => {
  relay.delayReplies(30);
  for (const what of ['GET /bank/accounts', 'GET /auth/session', 'POST /auth/login', 'GET /readyz']) {
    expect((await actions(gateway)[what]?.())?.status, what).toBe(200);
  }
  relay.delayReplies(0);
});

test('a Redis reply after the deadline is discarded and never matched to another request', async () => {
  relay.delayReplies(700);
  for (let i = 0; i < 2; i += 1) await expectOutage(gateway);
  relay.delayReplies(0);
  await expectRecovery(gateway);
});
