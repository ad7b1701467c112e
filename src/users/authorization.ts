import type { BlockList } from 'node:net';
import QuickLRU from 'quick-lru';
import { z } from 'zod';
import { isInRanges, parseRanges } from '../http/address-ranges.ts';
import { RedisUnavailable } from '../redis/connection.ts';
import { roleSchema } from './roles.ts';

/** The most entries in each cache. QuickLRU holds up to twice its `maxSize`. */
const LIST_CACHE_SIZE = 1000;
const AUTHORIZATION_CACHE_SIZE = 1000;

const standingSchema = z.strictObject({
  role: roleSchema,
  /**
   * Counts how often all sessions of the user were ended at once. Sessions and whitelist entries carry the
   * generation that they were made in, and an older one is over, without anybody listing them.
   */
  gen: z.int().nonnegative(),
  /** Addresses and CIDR ranges that the user may come from; from anywhere when there is none. */
  ranges: z.array(z.string()).min(1).optional(),
});

/** What an active user may do, as Redis has it now. It is read on every request, never from the token. */
export type Authorization = Readonly<z.output<typeof standingSchema>>;

/** Whether the user may come from this address. Ranges that can't be read allow nobody. */
export function isAddressAllowed({ ranges }: Pick<Authorization, 'ranges'>, address: string): boolean {
  if (ranges === undefined) return true;
  const name = ranges.join();
  const list = listsByName.get(name) ?? parseRanges(ranges);
  if (list === undefined) return false;
  listsByName.set(name, list);
  return isInRanges(address, list);
}

const listsByName = new QuickLRU<string, BlockList>({ maxSize: LIST_CACHE_SIZE / 2 });

export const writeAuthorization = (authorization: Authorization): string => JSON.stringify(authorization);

/** Reads what `writeAuthz` wrote. @throws {RedisUnavailable} when it is anything else: nobody gets in by it. */
export function readAuthorization(text: string): Authorization {
  const known = standingsByText.get(text);
  if (known !== undefined) return known;
  const authorization = parseStanding(text);
  standingsByText.set(text, authorization);
  return authorization;
}

/** Most users have the same few words to their name, and every request reads them. */
const standingsByText = new QuickLRU<string, Authorization>({ maxSize: AUTHORIZATION_CACHE_SIZE / 2 });

function parseStanding(text: string): Authorization {
  try {
    return Object.freeze(standingSchema.parse(JSON.parse(text)));
  } catch (fault) {
    throw new RedisUnavailable('an authorisation entry is not what was written', { cause: fault });
  }
}
