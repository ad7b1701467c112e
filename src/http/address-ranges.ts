import { BlockList, isIP } from 'node:net';

/** Addresses and CIDR ranges (RFC 4632, RFC 4291) as something to check against; undefined when one is neither. */
export function parseRanges(ranges: readonly string[]): BlockList | undefined {
  const list = new BlockList();
  return ranges.every((range) => addRange(list, range)) ? list : undefined;
}

/** Whether an address is in a list. What is no address is in none. */
export function isInRanges(address: string, list: BlockList): boolean {
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

function addRange(list: BlockList, range: string): boolean {
  const [address = '', prefix, ...rest] = range.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (prefix === undefined) list.addAddress(address, family);
  else if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > (version === 4 ? 32 : 128)) return false;
  else list.addSubnet(address, Number(prefix), family);
  return true;
}
