import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gatewaySettings } from '../../../src/config/load.ts';
import { clientAddress } from '../../../src/gateway/edge/client-address.ts';

/** What the gateway takes for the client's address. */
function seen(remoteAddress: string | undefined, forwardedFor: string | undefined, trusted: string): string {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress });
  const incoming = new IncomingMessage(socket);
  incoming.headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
  return clientAddress(incoming, gatewaySettings({ TRUSTED_PROXIES: trusted }).trustedProxies);
}

describe('without trusted proxies the address is the connection’s own, whatever X-Forwarded-For says', () => {
  test.each([
    ['192.0.2.1', '6.6.6.6', '192.0.2.1'],
    ['::1', '6.6.6.6', '::1'],
    ['::ffff:192.0.2.1', '6.6.6.6', '192.0.2.1'],
    [undefined, '6.6.6.6', ''],
  ])('%s with "%s" is %s', (remote, forwardedFor, address) => {
    expect(seen(remote, forwardedFor, '')).toBe(address);
  });
});

describe('behind trusted proxies it is the last address that is not one of them', () => {
  const TRUSTED = '10.0.0.0/8, 192.0.2.7, fd00::/8';
  test.each([
    ['a client behind one proxy', '10.0.0.1', '203.0.113.5', '203.0.113.5'],
    ['a client behind two', '10.0.0.1', '203.0.113.5, 10.0.0.2', '203.0.113.5'],
    ['entries that the client made up', '10.0.0.1', '6.6.6.6, 203.0.113.5, 10.0.0.2', '203.0.113.5'],
    ['a trusted address that the client made up', '10.0.0.1', '10.9.9.9, 203.0.113.5', '203.0.113.5'],
    ['a proxy that is not trusted', '198.51.100.1', '203.0.113.5', '198.51.100.1'],
    ['a proxy that says nothing', '10.0.0.1', undefined, '10.0.0.1'],
    ['a proxy that says nothing of use', '10.0.0.1', '', '10.0.0.1'],
    ['proxies all the way', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['a single trusted address', '192.0.2.7', '203.0.113.5', '203.0.113.5'],
    ['its neighbour', '192.0.2.8', '203.0.113.5', '192.0.2.8'],
    ['a mapped proxy', '::ffff:10.0.0.1', '203.0.113.5', '203.0.113.5'],
    ['a mapped hop', '10.0.0.1', '203.0.113.5, ::ffff:10.0.0.2', '203.0.113.5'],
    ['a mapped client', '10.0.0.1', '::ffff:203.0.113.5', '203.0.113.5'],
    ['a mapped client in hexadecimal', '10.0.0.1', '::FFFF:CB00:7105', '203.0.113.5'],
    ['an IPv6 proxy and client', 'fd00::1', '2001:db8::5', '2001:db8::5'],
    ['an IPv6 client in capitals and full', 'fd00::1', '2001:0DB8:0:0:0:0:0:5', '2001:db8::5'],
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
    'localhost',
    '203.0.113.5 6.6.6.6',
    "' OR 1=1 --",
  ])('"%s" is no address: the last proxy that can be named is taken, never what stands before', (garbage) => {
    expect(seen('10.0.0.1', `6.6.6.6, ${garbage}, 10.0.0.2`, TRUSTED)).toBe('10.0.0.2');
    expect(seen('10.0.0.1', garbage, TRUSTED)).toBe('10.0.0.1');
  });
});

test('whatever a client writes, it is not believed past the proxy’s own entry', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (made) => {
      expect(seen('10.0.0.1', `${made}, 203.0.113.5`, '10.0.0.0/8')).toBe('203.0.113.5');
    }),
  );
});

test('no text at all makes it fail', () => {
  const hop = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constant('fe80::1%1'));
  fc.assert(
    fc.property(fc.option(hop), fc.array(hop), (remote, hops) => {
      expect(seen(remote ?? undefined, hops.join(','), '0.0.0.0/0, ::/0')).toBeTypeOf('string');
    }),
  );
});
