import { randomUUID } from 'node:crypto';
import { test as base, expect } from 'vitest';
import { bearer, postJson, problemOf } from '../support/gateway.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { withRedis } from './failover.ts';

/** The gateway and the bank, which want one replica to have each audit record and each transfer. */
const test = base
  .extend('replica', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestRedis> => {
    const replica = await startTestRedis({ tcp: true });
    onCleanup(() => replica.stop());
    return replica;
  })
  .extend('stack', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestStack> => {
    const stack = await startTestStack(
      { AUDIT_REPLICAS: '1', AUDIT_REPLICAS_TIMEOUT_MS: '200' },
      { TRANSFER_REPLICAS: '1', TRANSFER_REPLICAS_TIMEOUT_MS: '200' },
    );
    await stack.link.run((client) => client.configSet('repl-diskless-sync-delay', '0'));
    onCleanup(() => stack.close());
    return stack;
  })
  .extend('replicate', ({ replica, stack }) => async (isOn: boolean): Promise<void> => {
    const { hostname, port } = new URL(stack.redis.tcpUrl ?? '');
    const where = isOn ? [hostname, port] : ['NO', 'ONE'];
    await withRedis(replica, (client) => client.sendCommand(['REPLICAOF', ...where]));
    const count = isOn ? 1 : 0;
    await until(() => stack.link.run(async (client) => (await client.wait(1, 100)) === count), 20_000);
  });

const logIn = (url: string) => postJson(`${url}/auth/login`, { username: 'bob', password: 'foobared' });

test('a login whose audit record no replica confirms is a 503, and succeeds when one does', async ({
  stack,
  replicate,
}) => {
  await replicate(false);
  expect(await problemOf(await logIn(stack.url))).toEqual({ status: 503, code: 'service_unavailable' });
  await replicate(true);
  await until(async () => (await logIn(stack.url)).status === 200);
});

test('a transfer that no replica confirms is a 503, and its repetition with the same key succeeds and moves no more money', async ({
  stack,
  replicate,
}) => {
  await replicate(true);
  let access_token = '';
  await until(async () => {
    const body = (await (await logIn(stack.url)).json()) as { access_token?: string };
    access_token = body.access_token ?? '';
    return access_token !== '';
  });
  const headers = { 'idempotency-key': randomUUID(), ...bearer(access_token) };
  const order = { to: stack.accounts.alice, amountMinor: 100, description: 'rent' };
  const transfer = () =>
    postJson(`${stack.url}/bank/accounts/${stack.accounts.bob}/transfers`, order, headers);
  const balance = async () => {
    const response = await fetch(`${stack.url}/bank/accounts/${stack.accounts.bob}`, { headers });
    return ((await response.json()) as { balanceMinor: number }).balanceMinor;
  };
  const before = await balance();
  await replicate(false);
  const response = await transfer();
  expect(response.headers.get('retry-after')).toBe('1');
  expect(await problemOf(response)).toEqual({ status: 503, code: 'transfer_not_durable' });
  expect(await problemOf(await transfer())).toMatchObject({ status: 503 });
  await replicate(true);
  await until(async () => (await transfer()).status === 201);
  expect(await balance()).toBe(before - 100);
});
