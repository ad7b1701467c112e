import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { RedisLink } from '../../src/redis/connection.ts';
import { until } from '../support/until.ts';

test('an outage of Redis is logged once, with the reason', async () => {
  let printed = '';
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      printed += chunk.toString();
      done();
    },
  });
  const link = new RedisLink({ url: 'unix:///nowhere/redis.sock', deadlineMs: 100, log: pino(destination) });
  try {
    await until(() => printed.includes('redis_unreachable'));
    const lines = printed.trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('ENOENT');
  } finally {
    link.close();
  }
});
