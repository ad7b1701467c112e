import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';

/** How expensive an argon2id hash is (RFC 9106, section 3.1). */
export interface HashCost {
  memoryKib: number;
  passes: number;
}

/** All but the hash itself: with it, the same password gives the same hash again. */
export interface HashSettings extends HashCost {
  lanes: number;
  salt: Uint8Array;
}

/** What is stored of a password. */
interface StoredHash {
  /** The pepper that authenticates the hash; undefined for a plain PHC string of argon2id. */
  pepperId: string | undefined;
  settings: HashSettings;
}

const SETTINGS = String.raw`\$argon2id\$v=19\$m=(?<memory>\d{1,9}),t=(?<passes>\d{1,4}),p=(?<lanes>\d{1,3})\$(?<salt>[\w+/]{11,86})`;
const STORED = new RegExp(String.raw`^(?:\$hmac-sha256\$k=(?<pepper>[\w-]{8}))?${SETTINGS}\$[\w+/-]{22,86}$`);

/** Parses a stored hash. @throws {Error} if it is malformed; the message does not repeat it. */
export function readStoredHash(text: string): StoredHash {
  const groups = STORED.exec(text)?.groups;
  if (groups === undefined) throw new Error('a stored password hash is malformed');
  const { pepper: pepperId, memory, passes, lanes, salt = '' } = groups;
  const cost = { memoryKib: Number(memory), passes: Number(passes), lanes: Number(lanes) };
  return { pepperId, settings: { ...cost, salt: Buffer.from(salt, 'base64') } };
}

/**
 * Replaces the hash in a PHC string of argon2id by an HMAC-SHA-256 of the whole string under a key that is not in Redis
 * (NIST SP 800-63B-4, section 3.1.1.2). Parameters and salt stay readable; the password can be guessed only with the key.
 *
 * `$argon2id$v=19$m=…,t=…,p=…$salt$hash` → `$hmac-sha256$k=id$argon2id$v=19$m=…,t=…,p=…$salt$mac`
 */
export function sealHash({ id, key }: { id: string; key: KeyObject }, phc: string): string {
  const mac = createHmac('sha256', key).update(phc).digest('base64url');
  return `$hmac-sha256$k=${id}${phc.slice(0, phc.lastIndexOf('$'))}$${mac}`;
}

/** Whether two stored hashes are equal, in constant time. */
export function isSameHash(one: string, two: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(two)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The least memory of argon2 for one lane (RFC 9106, section 3.1). */
const LEAST_MEMORY_KIB = 8;

/** The time of argon2id is nearly proportional to this product. */
const workOf = ({ memoryKib, passes }: HashCost): number => memoryKib * passes;

/**
 * The cost of the computation that a check against a hash of the cost `stored` lacks to take as long as one of the cost
 * `present`, which is that of unknown users. Undefined if it lacks none, or less than the least that argon2 computes.
 */
export function missingCost(stored: HashCost, present: HashCost): HashCost | undefined {
  const { passes } = present;
  const memoryKib = Math.round((workOf(present) - workOf(stored)) / passes);
  return memoryKib < LEAST_MEMORY_KIB ? undefined : { memoryKib, passes };
}
