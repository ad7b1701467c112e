import type { RedisLink } from '../redis/connect.ts';
import { balancesKey, spendersKey } from '../redis/keys.ts';
import { readNewestFirst } from './ledger-stream.ts';
import type { BalancePoint, BalanceQuery, Spender } from './schemas.ts';
import { millisecondsOf, type StreamEntry } from './transaction.ts';

/** With whom the most was spent, biggest first. @throws {RedisUnavailable} */
export async function biggestSpenders(link: RedisLink, accountId: string, limit: number): Promise<Spender[]> {
  const key = spendersKey(accountId);
  const found = await link.run((client) => client.zRangeWithScores(key, 0, limit - 1, { REV: true }));
  return found.map(({ value, score }) => ({ counterparty: value, amountMinor: score }));
}

/**
 * The balance after each transaction in the range, oldest first: all of them when they are at most `points`,
 * otherwise the first, the last and of each of `points − 1` equal spans of time the last. The work depends on
 * `points`, not on how many transactions there are. @throws {RedisUnavailable}
 */
export async function balancePoints(
  link: RedisLink,
  accountId: string,
  { from, to, points }: BalanceQuery,
): Promise<BalancePoint[]> {
  const key = balancesKey(accountId);
  const [oldest, newest] = [from?.toString() ?? '-', to?.toString() ?? '+'];
  const all = await link.run((client) => client.xRange(key, oldest, newest, { COUNT: points + 1 }));
  const [first] = all ?? [];
  if (first === undefined || (all ?? []).length <= points) return (all ?? []).map(balancePoint);
  const [last] = await readNewestFirst(link, key, newest, oldest, 1);
  const lastMs = millisecondsOf(last?.id ?? first.id);
  const ends = spanEnds(millisecondsOf(first.id), lastMs, points - 1);
  const lastOfSpans = await lastOfEach(link, key, first.id, ends);
  return [first, ...lastOfSpans].map(balancePoint);
}

function spanEnds(firstMs: number, lastMs: number, spans: number): number[] {
  return Array.from({ length: spans }, (_, index) =>
    Math.floor(firstMs + ((lastMs - firstMs) * (index + 1)) / spans),
  );
}

/** The last entry of each span, one command a span in one round trip. A span without an entry gives none. */
async function lastOfEach(
  link: RedisLink,
  key: string,
  first: string,
  ends: number[],
): Promise<StreamEntry[]> {
  const found = await link.run((client) =>
    Promise.all(
      ends.map((end, index) => {
        const start = index === 0 ? `(${first}` : `${(ends[index - 1] ?? 0) + 1}`;
        return client.xRevRange(key, String(end), start, { COUNT: 1 });
      }),
    ),
  );
  return found.flatMap((entries) => entries ?? []);
}

const balancePoint = ({ id, message }: StreamEntry): BalancePoint => ({
  x: millisecondsOf(id),
  y: Number(message.balanceMinor),
});
