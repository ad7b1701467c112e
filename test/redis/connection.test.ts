import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { RedisLink } from '../../src/redis/connection.ts';
import { until } from '../support/until.ts';

test('a Redis that is not there is told in the log once for each outage, with the reason', async () => {
  let printed = '';
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      printed += chunk.toString();
      done();
    },
  });
  const link = new RedisLink({ url: 'unix:///nowhere/redis.sock', deadlineMs: 100, log: pino(sink) });
  try {
    await until(() => printed.includes('redis_unreachable'), 3000);
    const lines = printed.trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('ENOENT');
  } finally {
    link.close();
  }
});
