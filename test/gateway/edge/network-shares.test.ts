import { expect, test } from 'vitest';
import { NetworkShares } from '../../../src/gateway/edge/network-shares.ts';

/** How many of `wanted` shares the addresses get, in turn. */
function taken(shares: NetworkShares, wanted: number, addressOf: (n: number) => string): number {
  let count = 0;
  for (let n = 0; n < wanted; n += 1) if (shares.take(addressOf(n)) !== undefined) count += 1;
  return count;
}

test.each<[string, number, (n: number) => string]>([
  ['an IPv4 address', 10, () => '192.0.2.1'],
  ['a /64, from many addresses', 10, (n) => `2001:db8::${n.toString(16)}`],
  ['a /56, from many /64s', 20, (n) => `2001:db8:0:${(n % 256).toString(16)}::1`],
  ['a /48, from many /56s', 40, (n) => `2001:db8:0:${(n * 256).toString(16)}::1`],
])('%s takes at most %i shares', (_network, max, addressOf) => {
  const shares = new NetworkShares(10);
  expect(taken(shares, 200, addressOf)).toBe(max);
  expect(taken(shares, 20, () => '198.51.100.7')).toBe(10);
});

test('a released share can be taken again', () => {
  const shares = new NetworkShares(1);
  const networks = shares.take('2001:db8::1') ?? [];
  expect(shares.take('2001:db8::2')).toBeUndefined();
  shares.release(networks);
  expect(shares.take('2001:db8::2')).toBeDefined();
});
