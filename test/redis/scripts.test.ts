import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '../../src/log.ts';
import { RedisLink, RedisUnavailable } from '../../src/redis/connection.ts';
import { defineScript, runScript } from '../../src/redis/scripts.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const COUNT = defineScript('count', `return { KEYS[1], ARGV[1], redis.call('INCR', KEYS[1]) }`);
const FAIL = defineScript('fail', `return redis.call('INCR', KEYS[1], 'too', 'many')`);

let redis: TestRedis;
let link: RedisLink;

beforeAll(async () => {
  redis = await startTestRedis();
  link = new RedisLink({ url: redis.url, deadlineMs: 900, log: createLog('cli', 'silent') });
  await link.whenReady(5000);
});
afterAll(async () => {
  link.close();
  await redis.stop();
});

const calls = async (command: string): Promise<number> => {
  const stats = await link.run((client) => client.info('commandstats'));
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
};

test('a script runs with its keys and arguments, and its source is sent once', async () => {
  expect(await runScript(link, COUNT, ['k'], ['a'])).toEqual(['k', 'a', 1]);
  expect(await runScript(link, COUNT, ['k'], ['a'])).toEqual(['k', 'a', 2]);
  expect(await calls('eval')).toBe(1);
});

test('a server that lost the script gets its source again, and it runs once', async () => {
  await link.run((client) => client.scriptFlush());
  expect(await runScript(link, COUNT, ['other'], ['a'])).toEqual(['other', 'a', 1]);
});

test('a script that fails is a fault and not a reply', async () => {
  await expect(runScript(link, FAIL, ['k'], [])).rejects.toThrow(RedisUnavailable);
});

test('a script is called by the SHA-1 that Redis computes, and its source contains its name', async () => {
  const sha1 = await link.run((client) => client.scriptLoad(COUNT.source));
  expect(COUNT.sha1).toBe(sha1);
  expect(COUNT.source.startsWith('-- count\n')).toBe(true);
});
