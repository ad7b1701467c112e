import type { Pepper } from '../../src/keys/pepper.ts';
import { makeKeyPem } from '../../src/keys/ring.ts';
import { type HashCost, sealHash } from '../../src/users/hashes/stored-hash.ts';
import { PasswordHasher } from '../../src/users/passwords.ts';

/** Far below what the settings accept: tests that are not about the cost of a password check should not pay it. */
export const CHEAP_HASHES = { passwordMemoryKib: 64, passwordPasses: 1 } as const;

const COST: HashCost = { memoryKib: CHEAP_HASHES.passwordMemoryKib, passes: CHEAP_HASHES.passwordPasses };
const KEYS = 3;
const keys: Promise<string>[] = [];
const hashes = new Map<string, Promise<string>>();
let given = 0;

/**
 * A signing key with its assertion key, as PEM. A worker makes three, and gives them in turn: making one takes a tenth of a
 * second. Two gateways that are started one after the other have different keys.
 */
export function preparedKeyPem(): Promise<string> {
  given += 1;
  keys[given % KEYS] ??= makeKeyPem();
  return keys[given % KEYS] as Promise<string>;
}

/** Hashes at the low cost, each password once in a worker, and seals the hash with the first pepper. */
export const preparedHasher = ([pepper]: readonly Pepper[]): Pick<PasswordHasher, 'hash'> => ({
  hash: async (password) => {
    const known = hashes.get(password) ?? hashOnce(password);
    hashes.set(password, known);
    return pepper === undefined ? known : sealHash(pepper, await known);
  },
});

async function hashOnce(password: string): Promise<string> {
  const hasher = new PasswordHasher({ workers: 1, queueMax: 1, cost: COST });
  return hasher.hash(password).finally(() => hasher.close());
}
