import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Addresses and CIDR ranges (RFC 4632, RFC 4291) to match against: each a network and the length of its prefix. */
export type AddressRanges = readonly (readonly [network: ipaddr.IPv6, prefixLength: number])[];

const MAPPED_PREFIX_LENGTH = 96;

/** Parses addresses and CIDR ranges. Returns undefined if any of them is neither. */
export function parseRanges(ranges: readonly string[]): AddressRanges | undefined {
  const parsed = ranges.map(parseRange);
  return parsed.includes(undefined) ? undefined : (parsed as NonNullable<(typeof parsed)[number]>[]);
}

function parseRange(range: string): AddressRanges[number] | undefined {
  const [address = '', prefix, ...rest] = range.split('/');
  const network = parseAddress(address);
  if (network === undefined || rest.length > 0) return undefined;
  const offset = isIP(address) === 4 ? MAPPED_PREFIX_LENGTH : 0;
  if (prefix === undefined) return [network, 128];
  if (!/^\d{1,3}$/.test(prefix) || offset + Number(prefix) > 128) return undefined;
  return [network, offset + Number(prefix)];
}

/** Whether an address is in one of the ranges. Text that is not an address is in none. */
export function isInRanges(address: string, ranges: AddressRanges): boolean {
  const parsed = parseAddress(address);
  return parsed !== undefined && ranges.some(([network, length]) => parsed.match(network, length));
}

/**
 * The address of the client: that of the connection or, if that is a trusted proxy, the last address in
 * `X-Forwarded-For` that is not one. Entries further left come from the client and are never trusted.
 */
export function clientAddress(incoming: IncomingMessage, trusted: AddressRanges): string {
  const own = (incoming.socket.remoteAddress ?? '').replace(MAPPED, '');
  if (trusted.length === 0 || !isInRanges(own, trusted)) return own;
  const hops = (incoming.headers['x-forwarded-for']?.toString() ?? '').split(',');
  let address = own;
  for (const hop of hops.reverse()) {
    const parsed = canonicalAddress(hop.trim());
    if (parsed === undefined) return address;
    address = parsed;
    if (!isInRanges(address, trusted)) return address;
  }
  return address;
}

/** `::ffff:192.0.2.1` is how a dual-stack listener sees the IPv4 client 192.0.2.1 (RFC 4291, section 2.5.5.2). */
const MAPPED = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/** The IPv6 prefixes that one subscriber may have: a network, a home or small site, a site (RFC 6177). */
const SUBSCRIBER_PREFIX_LENGTHS = [64, 56, 48] as const;

/** The networks that one client may control, from narrow to wide: an IPv4 address, or an IPv6 /64, /56 and /48. */
export function networksOf(address: string): readonly [narrow: string, ...wider: string[]] {
  const parts = isIP(address) === 6 ? parseAddress(address)?.parts : undefined;
  if (parts === undefined) return [address];
  const [narrow, ...wider] = SUBSCRIBER_PREFIX_LENGTHS;
  return [prefixOf(parts, narrow), ...wider.map((length) => prefixOf(parts, length))];
}

/** The network that one client can be expected to control: an IPv4 address or an IPv6 /64 (RFC 6177). */
export const networkOf = (address: string): string => networksOf(address)[0];

/** The first `length` bits of an IPv6 address, which is given in groups of 16 bits. */
function prefixOf(parts: readonly number[], length: number): string {
  const groups = parts.slice(0, Math.ceil(length / 16));
  const [last = 0] = groups.splice(-1);
  const masked = [...groups, last & (0xffff << (-length & 15))];
  return `${masked.map((group) => (group & 0xffff).toString(16)).join(':')}::/${length}`;
}

/** The canonical form of an address (RFC 5952), so that a client has one name only. IPv4-mapped addresses become IPv4. */
function canonicalAddress(text: string): string | undefined {
  const address = text.includes('%') ? undefined : parseAddress(text);
  return address?.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address?.toString();
}

/**
 * Parses an address as IPv6, with IPv4 in its mapped form, so that both families match in one space. A zone is
 * ignored. `isIP` and `COMPATIBLE` reject what ipaddr.js reads as another address: `127.1`, octal and `::127.0.0.1`.
 */
function parseAddress(text: string): ipaddr.IPv6 | undefined {
  if (isIP(text) === 0 || COMPATIBLE.test(text)) return undefined;
  const address = ipaddr.parse(text.replace(/%.*$/, ''));
  return address instanceof ipaddr.IPv4 ? address.toIPv4MappedAddress() : address;
}

/** An IPv4-compatible address, which is deprecated (RFC 4291, section 2.5.5.1). */
const COMPATIBLE = /^::\d+\./;
