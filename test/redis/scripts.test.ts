import { expect } from 'vitest';
import { type RedisLink, RedisUnavailable } from '../../src/redis/connection.ts';
import { defineScript, runScript } from '../../src/redis/scripts.ts';
import { redisTest as test } from '../support/fixtures.ts';

const COUNT = defineScript('count', `return { KEYS[1], ARGV[1], redis.call('INCR', KEYS[1]) }`);
const FAIL = defineScript('fail', `return redis.call('INCR', KEYS[1], 'too', 'many')`);

async function evalCalls(link: RedisLink): Promise<number> {
  const stats = await link.run((client) => client.info('commandstats'));
  return Number(/cmdstat_eval:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

test('a script runs with its keys and arguments, and its source is sent once', async ({ link }) => {
  expect(await runScript(link, COUNT, ['k'], ['a'])).toEqual(['k', 'a', 1]);
  expect(await runScript(link, COUNT, ['k'], ['a'])).toEqual(['k', 'a', 2]);
  expect(await evalCalls(link)).toBe(1);
});

test('a server that lost the script gets its source again, and it runs once', async ({ link }) => {
  await link.run((client) => client.scriptFlush());
  expect(await runScript(link, COUNT, ['other'], ['a'])).toEqual(['other', 'a', 1]);
});

test('a script that fails is a fault and not a reply', async ({ link }) => {
  await expect(runScript(link, FAIL, ['k'], [])).rejects.toThrow(RedisUnavailable);
});

test('a script is called by the SHA-1 that Redis computes, and its source contains its name', async ({
  link,
}) => {
  const sha1 = await link.run((client) => client.scriptLoad(COUNT.source));
  expect(COUNT.sha1).toBe(sha1);
  expect(COUNT.source.startsWith('-- count\n')).toBe(true);
});
