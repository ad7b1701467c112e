import { test as base, expect } from 'vitest';
import { startRelay } from '../../soak/world/relay.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { Subscriber } from '../../src/redis/subscriber.ts';
import { startTestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const log = createLog('gateway', 'silent');

const test = base
  .extend('redis', async ({}, { onCleanup }) => {
    const redis = await startTestRedis({ tcp: true });
    onCleanup(() => redis.stop());
    return redis;
  })
  .extend('relay', async ({ redis }, { onCleanup }) => {
    const relay = await startRelay(Number(new URL(redis.tcpUrl ?? '').port));
    onCleanup(() => relay.close());
    return relay;
  })
  .extend('link', async ({ redis }, { onCleanup }) => {
    const link = new RedisLink({ url: redis.url, deadlineMs: 900, log });
    onCleanup(() => link.close());
    await link.whenReady(30_000);
    return link;
  });

test('a connection that has gone silent is replaced, and its channel is heard again', async ({
  relay,
  link,
  onTestFinished,
}) => {
  const subscriber = new Subscriber({
    link: new RedisLink({ url: `redis://127.0.0.1:${relay.port}`, deadlineMs: 500, log }),
    log,
  });
  onTestFinished(() => subscriber.close());
  const heard: string[] = [];
  let subscribed = 0;
  subscriber.subscribe(
    'news',
    (message) => heard.push(message),
    () => {
      subscribed += 1;
    },
  );
  await until(() => subscribed === 1);
  relay.silence();
  await link.publish('news', 'missed');
  await until(() => subscribed === 2);
  await link.publish('news', 'heard');
  await until(() => heard.length > 0);
  expect(heard).toEqual(['heard']);
});
