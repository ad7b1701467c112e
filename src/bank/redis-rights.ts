import * as keys from '../redis/keys.ts';
import type { RedisRights } from '../redis/server/rights.ts';

/**
 * What the bank's Redis user must be allowed, besides the commands of its scripts: `docs/operations.md` has a user with
 * exactly these rights. The names in the keys are examples.
 */
export const BANK_RIGHTS: RedisRights = {
  commands: [
    ...['PING', 'PUBLISH', 'SUBSCRIBE'],
    ...['SET', 'HGETALL', 'SMEMBERS', 'ZRANGE'],
    ...['XRANGE', 'XREVRANGE'],
  ],
  runsScript: (name) => /^(ledger|generator)-/.test(name),
  keys: [
    keys.accountKey('id'),
    keys.ownerAccountsKey('id'),
    keys.generatedAccountsKey(),
    keys.generatorTurnKey(),
    keys.generatorTurnsKey(),
    keys.transactionsKey('id'),
    keys.balancesKey('id'),
    keys.spendersKey('id'),
    keys.idempotencyKey('id', 'key'),
    keys.usedAssertionKey('jti'),
    keys.postedCountsKey('id'),
    keys.refusedCountsKey('id'),
    keys.ledgerMarkerKey(),
  ],
  publishes: [keys.postingsChannel()],
  subscribesTo: [keys.postingsChannel()],
};
