import { describe, expect, test } from 'vitest';
import { RedisUnavailable } from '../../../src/redis/client.ts';
import { redirectionIn } from '../../../src/redis/cluster/redirection.ts';
import { hostOf, nodeUrl, parseSlots, SLOT_COUNT, slotOf } from '../../../src/redis/cluster/slots.ts';

const faultOf = (reply: string): RedisUnavailable =>
  new RedisUnavailable('a Redis command failed', { cause: new Error(reply) });

describe('a node of a Redis Cluster', () => {
  test.for([
    ['MOVED 5 10.0.0.2:6379', { is: 'moved', to: '10.0.0.2:6379' }],
    ['MOVED 5 :6380', { is: 'moved', to: 'redis-1:6380' }],
    ['ASK 5 2001:db8::1:6379', { is: 'ask', to: '[2001:db8::1]:6379' }],
    ['TRYAGAIN Multiple keys request during rehashing of slot', { is: 'again' }],
    ['CLUSTERDOWN Hash slot not served', { is: 'again' }],
    ['OOM command not allowed', undefined],
    ['MOVED somewhere else', undefined],
  ] as const)('the error reply %s is understood', ([reply, redirection]) => {
    expect(redirectionIn(faultOf(reply), 'redis-1:6379')).toEqual(redirection);
  });

  test('its table of slots is read, with its own host where it names none', () => {
    const { owners, replicas } = parseSlots(
      [
        [0, 8191, ['', 7001, 'id1', []], ['10.0.0.4', 7004, 'id4', []]],
        [8192, 16_383, ['2001:db8::1', 7002, 'id2', []]],
      ],
      hostOf('redis-1:6379'),
    );
    expect(owners).toHaveLength(SLOT_COUNT);
    expect([owners[0], owners[8191], owners[8192], owners[16_383]]).toEqual([
      ...['redis-1:7001', 'redis-1:7001'],
      ...['[2001:db8::1]:7002', '[2001:db8::1]:7002'],
    ]);
    expect([...replicas]).toEqual(['10.0.0.4:7004']);
  });

  test.for([[[0, 16_384, ['a', 1, 'id']]], [[0, 10, ['a', 99_999, 'id']]], [[0, 10]], 'OK'])(
    'a malformed table of slots is refused (%j)',
    (reply) => {
      expect(() => parseSlots(reply, 'a')).toThrow();
    },
  );

  test('gets the scheme and the login of REDIS_URL', () => {
    expect(nodeUrl('rediss://gate:p%40ss@seed:6379', '10.0.0.2:7001')).toBe(
      'rediss://gate:p%40ss@10.0.0.2:7001',
    );
  });

  test('all keys of one hash tag share a slot, and the slots are those of the specification', () => {
    expect(slotOf('123456789')).toBe(0x31c3);
    expect(slotOf('user:{u1}')).toBe(slotOf('sid:{u1}:s1'));
    expect(slotOf('{audit}:customers')).toBe(slotOf('audit'));
    expect(slotOf('foo{}{bar}')).toBe(slotOf('foo{}{bar}'));
  });
});
