import { expect } from 'vitest';
import { runBeside } from '../support/beside.ts';
import { bearer, postJson } from '../support/gateway.ts';
import {
  actions,
  expectOutage,
  expectRecovery,
  expectUnavailable,
  failingRedisTest,
} from '../support/outage.ts';
import { until } from '../support/until.ts';

const test = failingRedisTest().extend(
  'tryLogin',
  ({ gateway }) =>
    (): Promise<Response> =>
      postJson(`${gateway.url}/auth/login`, { username: 'ada', password: 'administer1' }),
);

/** The next test, or the next attempt at this one, needs a Redis that runs, also when this test has failed. */
test.afterEach(async ({ gateway }) => {
  await gateway.redis.restart();
  await until(async () => (await fetch(`${gateway.url}/readyz`)).ok);
});

test('Redis down: every request is a 503 in time, and service resumes when it is up again', async ({
  gateway,
}) => {
  await gateway.redis.kill();
  await expectOutage(gateway);
  await expectOutage(gateway);
  await gateway.redis.restart();
  await expectRecovery(gateway);
});

test('Redis frozen: every request is a 503 in time, and service resumes when it runs again', async ({
  gateway,
}) => {
  gateway.redis.freeze();
  const untilMs = performance.now() + 1000;
  while (performance.now() < untilMs) await expectOutage(gateway);
  gateway.redis.thaw();
  await expectRecovery(gateway);
});

test('more logins than the limit while Redis is frozen do not lock the username', async ({
  gateway,
  tryLogin,
}) => {
  gateway.redis.freeze();
  const tries = Array.from({ length: 12 }, () => tryLogin());
  expect(new Set((await Promise.all(tries)).map(({ status }) => status))).toEqual(new Set([503]));
  gateway.redis.thaw();
  await expectRecovery(gateway);
  expect((await tryLogin()).status).toBe(200);
});

test('Redis crashing with requests in flight: all get a 503 immediately', async ({ gateway }) => {
  gateway.redis.freeze();
  const startMs = performance.now();
  const outcomes = Object.entries(actions(gateway)).map(([what, act]) => expectUnavailable(what, act));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await gateway.redis.kill();
  await Promise.all(outcomes);
  expect(performance.now() - startMs).toBeLessThan(450);
  await gateway.redis.restart();
  await expectRecovery(gateway);
});

test('Redis restarting under load: each response is a 200 or a 503, never a 401', async ({ gateway }) => {
  const seen = new Set<number>();
  const ask = async (): Promise<void> => {
    const response = await fetch(`${gateway.url}/bank/accounts`, { headers: bearer(gateway.token) });
    seen.add(response.status);
    await response.bytes();
  };
  const crowd = runBeside(Array.from({ length: 10 }, () => ask));
  await gateway.redis.kill();
  await gateway.redis.restart();
  await expectRecovery(gateway);
  await crowd.stop();
  expect([...seen].sort()).toEqual([200, 503]);
});
