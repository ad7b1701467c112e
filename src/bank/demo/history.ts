import type { RedisLink } from '../../redis/connection.ts';
import { type LedgerOptions, post } from '../ledger/post.ts';
import type { Account } from '../schemas.ts';
import { generatedLeg } from './generator.ts';
import { repeatableRandom } from './random.ts';

/** Between two transactions of a demo account's past: half an hour on average. */
const MIN_GAP_MS = 5 * 60_000;
const GAP_SPREAD_MS = 50 * 60_000;

export interface HistoryOptions extends LedgerOptions {
  /** The same seed gives the same history. */
  seed: number;
  /** Where the account stands among those of the demonstration. */
  rank: number;
}

/**
 * Posts random transactions to a new demo account, from when it was opened until `toMs`, as the generator would have,
 * so that there is something to see from the first moment. Gives how many.
 * @throws {RedisUnavailable}
 */
export async function postHistory(
  link: RedisLink,
  account: Account,
  options: HistoryOptions,
  toMs: number,
): Promise<number> {
  const { seed, rank } = options;
  let count = 0;
  let atMs = Date.parse(account.openedAt);
  for (;;) {
    const random = repeatableRandom(seed, count, rank);
    atMs += Math.round(MIN_GAP_MS + random() * GAP_SPREAD_MS);
    if (atMs >= toMs) return count;
    await post(link, { legs: [generatedLeg(account.id, random)] }, options, atMs);
    count += 1;
  }
}
