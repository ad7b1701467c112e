import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  actions,
  expectOutage,
  expectRecovery,
  type HurtGateway,
  startHurtGateway,
} from '../support/outage.ts';
import { type RedisRelay, startRedisRelay } from '../support/redis-relay.ts';

let relay: RedisRelay;
let gateway: HurtGateway;
beforeAll(async () => {
  gateway = await startHurtGateway({
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

test('a Redis that answers slowly, but within the deadline, is waited for', async () => {
  relay.delayReplies(30);
  for (const what of ['GET /bank/accounts', 'GET /auth/session', 'POST /auth/login', 'GET /readyz']) {
    expect((await actions(gateway)[what]?.())?.status, what).toBe(200);
  }
  relay.delayReplies(0);
});

test('a Redis that answers after the deadline is not, nor is a late answer taken for that to another question', async () => {
  relay.delayReplies(700);
  for (let i = 0; i < 2; i += 1) await expectOutage(gateway);
  relay.delayReplies(0);
  await expectRecovery(gateway);
});
