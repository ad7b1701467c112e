import { IncomingMessage } from 'node:http';
import { BlockList, isIP, Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gatewaySettings } from '../../src/config/load.ts';
import { clientAddress, isInRanges, networkOf, networksOf, parseRanges } from '../../src/http/addresses.ts';

/** The client's address for a connection, its `X-Forwarded-For` and the trusted proxies. */
function seen(remoteAddress: string | undefined, forwardedFor: string | undefined, trusted: string): string {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress });
  const incoming = new IncomingMessage(socket);
  incoming.headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
  return clientAddress(incoming, gatewaySettings({ TRUSTED_PROXIES: trusted }).trustedProxies);
}

describe("without trusted proxies, the connection's address is used and X-Forwarded-For is ignored", () => {
  test.each([
    ['192.0.2.1', '6.6.6.6', '192.0.2.1'],
    ['::1', '6.6.6.6', '::1'],
    ['::ffff:192.0.2.1', '6.6.6.6', '192.0.2.1'],
    [undefined, '6.6.6.6', ''],
  ])('%s with "%s" is %s', (remote, forwardedFor, address) => {
    expect(seen(remote, forwardedFor, '')).toBe(address);
  });
});

describe('behind trusted proxies, the last address that is not a trusted proxy is used', () => {
  const TRUSTED = '10.0.0.0/8, 192.0.2.7, fd00::/8';
  test.each([
    ['a client behind one proxy', '10.0.0.1', '203.0.113.5', '203.0.113.5'],
    ['a client behind two', '10.0.0.1', '203.0.113.5, 10.0.0.2', '203.0.113.5'],
    ['entries made up by the client', '10.0.0.1', '6.6.6.6, 203.0.113.5, 10.0.0.2', '203.0.113.5'],
    ['a trusted address made up by the client', '10.0.0.1', '10.9.9.9, 203.0.113.5', '203.0.113.5'],
    ['a proxy that is not trusted', '198.51.100.1', '203.0.113.5', '198.51.100.1'],
    ['a proxy without X-Forwarded-For', '10.0.0.1', undefined, '10.0.0.1'],
    ['a proxy with an empty X-Forwarded-For', '10.0.0.1', '', '10.0.0.1'],
    ['only proxies', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['a single trusted address', '192.0.2.7', '203.0.113.5', '203.0.113.5'],
    ['the address next to it', '192.0.2.8', '203.0.113.5', '192.0.2.8'],
    ['a mapped proxy', '::ffff:10.0.0.1', '203.0.113.5', '203.0.113.5'],
    ['a mapped hop', '10.0.0.1', '203.0.113.5, ::ffff:10.0.0.2', '203.0.113.5'],
    ['a mapped client', '10.0.0.1', '::ffff:203.0.113.5', '203.0.113.5'],
    ['a mapped client in hexadecimal', '10.0.0.1', '::FFFF:CB00:7105', '203.0.113.5'],
    ['an IPv6 proxy and client', 'fd00::1', '2001:db8::5', '2001:db8::5'],
    [
      'an IPv6 client in upper case and without compression',
      'fd00::1',
      '2001:0DB8:0:0:0:0:0:5',
      '2001:db8::5',
    ],
    ['an IPv6 proxy that is not trusted', '2001:db8::1', '203.0.113.5', '2001:db8::1'],
    ['white space', '10.0.0.1', ' 203.0.113.5 ,\t10.0.0.2 ', '203.0.113.5'],
  ])('%s', (_what, remote, forwardedFor, address) => {
    expect(seen(remote, forwardedFor, TRUSTED)).toBe(address);
  });

  test.each([
    'unknown',
    '_hidden',
    '203.0.113.5:1234',
    '[2001:db8::5]',
    '[2001:db8::5]:443',
    '"203.0.113.5"',
    'for=203.0.113.5',
    '203.0.113',
    '203.0.113.256',
    '0xcb.0.0x71.5',
    '3405803781',
    '203.0.113.05',
    'fe80::1%eth0',
    '::203.0.113.6',
    'localhost',
    '203.0.113.5 6.6.6.6',
    "' OR 1=1 --",
  ])('"%s" is not an address: the last known proxy is used, never an entry further left', (garbage) => {
    expect(seen('10.0.0.1', `6.6.6.6, ${garbage}, 10.0.0.2`, TRUSTED)).toBe('10.0.0.2');
    expect(seen('10.0.0.1', garbage, TRUSTED)).toBe('10.0.0.1');
  });
});

test("an entry made by the client is never used in place of the proxy's entry", () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (made) => {
      expect(seen('10.0.0.1', `${made}, 203.0.113.5`, '10.0.0.0/8')).toBe('203.0.113.5');
    }),
  );
});

test('arbitrary text never throws', () => {
  const hop = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constant('fe80::1%1'));
  fc.assert(
    fc.property(fc.option(hop), fc.array(hop), (remote, hops) => {
      expect(seen(remote ?? undefined, hops.join(','), '0.0.0.0/0, ::/0')).toBeTypeOf('string');
    }),
  );
});

describe('an address is in a range, in either family', () => {
  test.each([
    ['192.0.2.1', '192.0.2.0/24', true],
    ['192.0.3.1', '192.0.2.0/24', false],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.1/32', true],
    ['192.0.2.2', '192.0.2.1/32', false],
    ['203.0.113.5', '0.0.0.0/0', true],
    ['2001:db8::5', '0.0.0.0/0', false],
    ['2001:db8::5', '2001:db8::/32', true],
    ['2001:db9::5', '2001:db8::/32', false],
    ['2001:db8::5', '2001:DB8:0:0:0:0:0:5', true],
    ['203.0.113.5', '::ffff:0:0/96', true],
    ['2001:db8::5', '::ffff:0:0/96', false],
    ['203.0.113.5', '::ffff:203.0.113.0/120', true],
    ['203.0.114.5', '::ffff:203.0.113.0/120', false],
    ['::ffff:203.0.113.5', '203.0.113.0/24', true],
    ['fe80::1%br-lan', 'fe80::/10', true],
    ['', '0.0.0.0/0', false],
    ['localhost', '0.0.0.0/0', false],
    ['127.1', '127.0.0.0/8', false],
  ])('"%s" in %s: %s', (address, range, expected) => {
    expect(isInRanges(address, parseRanges([range]) ?? [])).toBe(expected);
  });

  test("every match agrees with Node's own address list", () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6()).filter((text) => !/^::\d+\./.test(text));
    const family = (text: string): 'ipv4' | 'ipv6' => (isIP(text) === 4 ? 'ipv4' : 'ipv6');
    fc.assert(
      fc.property(address, address, fc.nat(128), fc.boolean(), (client, other, length, isOwn) => {
        const network = isOwn ? client : other;
        const prefix = family(network) === 'ipv4' ? length % 33 : length;
        const list = new BlockList();
        list.addSubnet(network, prefix, family(network));
        const ranges = parseRanges([`${network}/${prefix}`]) ?? [];
        expect(isInRanges(client, ranges)).toBe(list.check(client, family(client)));
      }),
    );
  });

  test.each([
    '',
    '127.1',
    '10.0.0.1.',
    '010.0.0.1',
    '0x0a.0.0.1',
    '167772161',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/255.0.0.0',
    '10.0.0.0/+8',
    ' 10.0.0.0/8',
    '::/129',
    '::ffff:01.2.3.4',
    '::ffff:1.2.3',
    '::203.0.113.5',
    '1::2::3',
    '[::1]',
    'localhost',
  ])('"%s" is not a range', (range) => {
    expect(parseRanges(['192.0.2.0/24', range])).toBeUndefined();
  });
});

describe('the network of a client is its IPv4 address or its IPv6 /64', () => {
  test.each([
    ['203.0.113.5', '203.0.113.5'],
    ['2001:db8::5', '2001:db8:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
  ])('of "%s" it is "%s"', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('the networks that a client may control are its IPv4 address, or its IPv6 /64, /56 and /48', () => {
  test.each([
    ['203.0.113.5', ['203.0.113.5']],
    ['2001:db8:1:2345:6:7:8:9', ['2001:db8:1:2345::/64', '2001:db8:1:2300::/56', '2001:db8:1::/48']],
    ['2001:db8:1:ffff::1', ['2001:db8:1:ffff::/64', '2001:db8:1:ff00::/56', '2001:db8:1::/48']],
    ['', ['']],
  ])('of "%s" they are %j', (address, networks) => {
    expect(networksOf(address)).toEqual(networks);
  });
});
