import { createClient } from 'redis';

/**
 * Kinds of keys without a TTL that last as long as what they are about: users, accounts and their history, the audit
 * logs. Their number grows with that, and not with time.
 */
const LASTING = new Set([
  'user',
  'username',
  'usernames',
  'authz',
  'super-admins',
  'clients',
  'audit',
  '{audit}',
  'ledger:account',
  'ledger:accounts-of',
  'ledger:transactions',
  'ledger:balances',
  'ledger:spenders',
]);

/** How many keys of each kind there are, in all and without a TTL. */
export type KeyCounts = Map<string, { all: number; endless: number }>;

/** `session:{…}:…` → `session`; `ledger:{bank}:account:…` → `ledger:account`. */
export function kindOf(key: string): string {
  const [first = '', second = '', third = ''] = key.split(':');
  return second === '{bank}' ? `${first}:${third}` : first;
}

/** Counts the keys of all servers. */
export async function countKeys(urls: readonly string[]): Promise<KeyCounts> {
  const counts: KeyCounts = new Map();
  for (const url of urls) {
    const path = url.startsWith('unix://')
      ? { path: url.slice('unix://'.length), tls: false as const }
      : undefined;
    const client = createClient(path ? { RESP: 2, socket: path } : { RESP: 2, url });
    client.on('error', () => {});
    await client.connect();
    for await (const keys of client.scanIterator({ COUNT: 1000 })) {
      const ttls = await Promise.all(keys.map((key) => client.pTTL(key)));
      for (const [n, key] of keys.entries()) {
        const count = counts.get(kindOf(key)) ?? { all: 0, endless: 0 };
        count.all += 1;
        if (ttls[n] === -1) count.endless += 1;
        counts.set(kindOf(key), count);
      }
    }
    client.destroy();
  }
  return counts;
}

/** The kinds of keys without a TTL that have become more, apart from the lasting ones, as sentences. */
export const grownKinds = (before: KeyCounts, after: KeyCounts): string[] =>
  [...after]
    .map(([kind, { endless }]) => ({ kind, endless, earlier: before.get(kind)?.endless ?? 0 }))
    .filter(({ kind, endless, earlier }) => endless > earlier && !LASTING.has(kind))
    .map(
      ({ kind, endless, earlier }) =>
        `keys ${kind} without a TTL: ${earlier} early on, ${endless} at the end`,
    );

/** One line: each kind with its number of keys, and how many of them have no TTL. */
export const keysLine = (counts: KeyCounts): string =>
  [...counts]
    .sort()
    .map(([kind, { all, endless }]) => `${kind} ${all}${endless > 0 ? ` (${endless} without a TTL)` : ''}`)
    .join(', ');
