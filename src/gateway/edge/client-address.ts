import type { IncomingMessage } from 'node:http';
import { type BlockList, isIP, SocketAddress } from 'node:net';

/**
 * The address of the client: the connection's own, or, when that is a trusted proxy, the last address in
 * `X-Forwarded-For` that is not one. A client's own entries further left are never believed.
 */
export function clientAddress(incoming: IncomingMessage, trusted: BlockList): string {
  const own = withoutMapping(incoming.socket.remoteAddress ?? '');
  if (trusted.rules.length === 0 || !isTrusted(own, trusted)) return own;
  const hops = (incoming.headers['x-forwarded-for']?.toString() ?? '').split(',');
  let address = own;
  for (const hop of hops.reverse()) {
    const named = addressIn(hop.trim());
    if (named === undefined) return address;
    address = named;
    if (!isTrusted(address, trusted)) return address;
  }
  return address;
}

/** An address in its one canonical form (RFC 5952), so that a client is counted and found under one name. */
function addressIn(hop: string): string | undefined {
  const version = isIP(hop);
  if (version === 4) return hop;
  if (version === 0 || hop.includes('%')) return undefined;
  return withoutMapping(new SocketAddress({ address: hop, family: 'ipv6' }).address);
}

const isTrusted = (address: string, trusted: BlockList): boolean =>
  trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** `::ffff:192.0.2.1`, as a dual-stack listener sees an IPv4 client (RFC 4291, section 2.5.5.2), is 192.0.2.1. */
const withoutMapping = (address: string): string => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
