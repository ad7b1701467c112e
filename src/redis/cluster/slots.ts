import { createRequire } from 'node:module';
import { z } from 'zod';

/** A CommonJS module. Node and test runners disagree about what its default import is. */
const { default: calculateSlot } = createRequire(import.meta.url)(
  '@redis/client/dist/lib/utils/calculate-slot.js',
) as { default: (key: string) => number };

/** The number of hash slots of every Cluster (Redis Cluster specification, "Key distribution model"). */
export const SLOT_COUNT = 16_384;

/** The hash slot of a key: CRC16 of its hash tag, or of the whole key without one. */
export const slotOf = (key: string): number => calculateSlot(key);

/** The address (`host:port`) of the node that serves each slot, as one node says. */
export type OwnersBySlot = readonly (string | undefined)[];

export interface SlotsReply {
  owners: OwnersBySlot;
  /** The addresses of the replicas. */
  replicas: ReadonlySet<string>;
}

const nodeSchema = z.tuple([z.string().nullable(), z.int().min(1).max(65_535)], z.unknown());
const slot = z
  .int()
  .min(0)
  .max(SLOT_COUNT - 1);
const replySchema = z.array(z.tuple([slot, slot, nodeSchema], nodeSchema));

/**
 * Parses the reply to `CLUSTER SLOTS`. A node that does not know its own host name leaves it out or says `?`: it is then
 * the host that was asked.
 * @param askedHost the host of the node that replied
 * @throws {z.ZodError} if the reply has another form
 */
export function parseSlots(reply: unknown, askedHost: string): SlotsReply {
  const owners: (string | undefined)[] = new Array(SLOT_COUNT).fill(undefined);
  const replicas = new Set<string>();
  const addressOf = ([host, port]: readonly [string | null, number, ...unknown[]]): string =>
    addressFrom(host === null || host === '' || host === '?' ? askedHost : host, port);
  for (const [start, end, primary, ...others] of replySchema.parse(reply)) {
    owners.fill(addressOf(primary), start, end + 1);
    for (const other of others) replicas.add(addressOf(other));
  }
  return { owners, replicas };
}

/** `host:port`; an IPv6 host is in brackets. */
const addressFrom = (host: string, port: number | string): string =>
  host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`;

/** The host of an address, without brackets. */
export const hostOf = (address: string): string =>
  address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');

/** The address in a redirection, whose host may be left out. */
export function redirectedAddress(text: string, askedHost: string): string {
  const colon = text.lastIndexOf(':');
  return addressFrom(text.slice(0, colon) || askedHost, text.slice(colon + 1));
}

/** The URL of a node: the scheme, username and password of `url`, and its own address. */
export function nodeUrl(url: string, address: string): string {
  const { protocol, username, password } = new URL(url);
  const login = username === '' && password === '' ? '' : `${username}:${password}@`;
  return `${protocol}//${login}${address}`;
}
