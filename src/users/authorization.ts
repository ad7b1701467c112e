import QuickLRU from 'quick-lru';
import { z } from 'zod';
import { type AddressRanges, isInRanges, parseRanges } from '../http/addresses.ts';
import { RedisUnavailable } from '../redis/connection.ts';
import { type Role, roleSchema } from './roles.ts';

/** The most entries in each cache. QuickLRU holds up to twice its `maxSize`. */
const LIST_CACHE_SIZE = 1000;
const AUTHORIZATION_CACHE_SIZE = 1000;

/** The JSON value under `authzKey`. During a rolling upgrade, old and new processes share it. */
const storedAuthorization = z
  .strictObject({
    role: roleSchema,
    gen: z.int().nonnegative(),
    ranges: z.array(z.string()).min(1).optional(),
  })
  .transform(({ gen: generation, ...rest }) => ({ ...rest, generation }));

/** What an active user is authorized to do. Read from Redis on every request, never from the token. */
export type Authorization = Readonly<{
  role: Role;
  /**
   * How often all sessions of the user were ended at once. Sessions and whitelist entries carry the generation in
   * which they were created; those of an older generation are revoked.
   */
  generation: number;
  /** Addresses and CIDR ranges that the user may connect from; undefined allows any address. */
  ranges?: string[] | undefined;
}>;

/** The text that is stored in Redis. The Lua function of the same name returns the same text. */
export const writeAuthorization = ({ role, generation, ranges }: Authorization): string =>
  JSON.stringify({ role, gen: generation, ranges });

/**
 * Lua: `writeAuthorization(role, generation, ranges)` with `ranges` as JSON or false, and of such a text
 * `readGeneration(text)` and `hasRanges(text)`.
 */
export const AUTHORIZATION_LUA = `
local function writeAuthorization(role, generation, ranges)
  return '{"role":"' .. role .. '","gen":' .. generation .. (ranges and ',"ranges":' .. ranges or '') .. '}'
end
local function readGeneration(authorization) return cjson.decode(authorization).gen end
local function readRole(authorization) return cjson.decode(authorization).role end
local function hasRanges(authorization) return cjson.decode(authorization).ranges ~= nil end`;

/**
 * Reads what `writeAuthorization` wrote. @throws {RedisUnavailable} if the text is anything else: it authorizes nobody.
 */
export function readAuthorization(text: string): Authorization {
  const cached = authorizationCache.get(text);
  if (cached !== undefined) return cached;
  const authorization = parseAuthorization(text);
  authorizationCache.set(text, authorization);
  return authorization;
}

/** Most users share a few texts, and every request reads one. */
const authorizationCache = new QuickLRU<string, Authorization>({ maxSize: AUTHORIZATION_CACHE_SIZE / 2 });

function parseAuthorization(text: string): Authorization {
  try {
    return Object.freeze(storedAuthorization.parse(JSON.parse(text)));
  } catch (cause) {
    throw new RedisUnavailable('an authorization in Redis is malformed', { cause });
  }
}

/** Whether the user may connect from this address. Malformed ranges allow no address. */
export function isAddressAllowed({ ranges }: Pick<Authorization, 'ranges'>, address: string): boolean {
  if (ranges === undefined) return true;
  const name = ranges.join();
  const list = listCache.get(name) ?? parseRanges(ranges);
  if (list === undefined) return false;
  listCache.set(name, list);
  return isInRanges(address, list);
}

const listCache = new QuickLRU<string, AddressRanges>({ maxSize: LIST_CACHE_SIZE / 2 });
