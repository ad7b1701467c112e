import { balancesKey, spendersKey } from '../../redis/keys.ts';
import { defineScript, runScript } from '../../redis/scripts.ts';
import type { RedisStore } from '../../redis/store.ts';
import type { BalancePoint, BalanceQuery, Spender } from '../schemas.ts';
import { millisecondsOf, readNewestFirst, type StreamEntry } from './entries.ts';

/** The counterparties with the highest total spending, highest first. @throws {RedisUnavailable} */
export async function biggestSpenders(
  link: RedisStore,
  accountId: string,
  limit: number,
): Promise<Spender[]> {
  const key = spendersKey(accountId);
  const found = await link.runFor(key, (client) => client.zRangeWithScores(key, 0, limit - 1, { REV: true }));
  return found.map(({ value, score }) => ({ counterparty: value, amountMinor: score }));
}

/** Points read by one command, and spans handled by one run of the script. */
const POINTS_AT_ONCE = 250;
const SPANS_AT_ONCE = 100;

/** KEYS: balances. ARGV: the bounds of each span. Returns id and balance of the last entry of each span that has one. */
const LAST_OF_SPANS = defineScript(
  'ledger-last-of-spans',
  `
local found = {}
for first = 1, #ARGV, 2 do
  local last = redis.call('XREVRANGE', KEYS[1], ARGV[first + 1], ARGV[first], 'COUNT', 1)[1]
  if last then
    found[#found + 1] = last[1]
    found[#found + 1] = last[2][2]
  end
end
return found
`,
);

/**
 * The balance after each transaction in the range, oldest first. If there are more than `points`, the range is divided
 * into `points − 1` equal spans of time; the result is the first point and the last point of each span.
 *
 * The work depends on `points`, not on the number of transactions. It is done in small commands, one after the other,
 * so that many such requests at once don't block Redis for others. @throws {RedisUnavailable}
 */
export async function balancePoints(
  link: RedisStore,
  accountId: string,
  { from, to, points }: BalanceQuery,
): Promise<BalancePoint[]> {
  const key = balancesKey(accountId);
  const [oldest, newest] = [from?.toString() ?? '-', to?.toString() ?? '+'];
  const all = await oldestFirst(link, key, oldest, newest, points + 1);
  const [first] = all;
  if (first === undefined || all.length <= points) return all.map(pointOfEntry);
  const [last] = await readNewestFirst(link, key, newest, oldest, 1);
  const lastMs = millisecondsOf(last?.id ?? first.id);
  const spans = spansBetween(first.id, lastMs, points - 1);
  return [pointOfEntry(first), ...(await lastOfEach(link, key, spans))];
}

/** Up to `count` entries, oldest first. */
async function oldestFirst(
  link: RedisStore,
  key: string,
  oldest: string,
  newest: string,
  count: number,
): Promise<StreamEntry[]> {
  const entries: StreamEntry[] = [];
  let start = oldest;
  while (entries.length < count) {
    const COUNT = Math.min(POINTS_AT_ONCE, count - entries.length);
    const read = (await link.runFor(key, (client) => client.xRange(key, start, newest, { COUNT }))) ?? [];
    entries.push(...read);
    if (read.length < COUNT) break;
    start = `(${read.at(-1)?.id}`;
  }
  return entries;
}

/** Bounds of XRANGE for `count` equal spans of time. The first span begins after the entry with the id `first`. */
function spansBetween(first: string, lastMs: number, count: number): [start: string, end: string][] {
  const firstMs = millisecondsOf(first);
  const endMs = (span: number): number => Math.floor(firstMs + ((lastMs - firstMs) * span) / count);
  return Array.from({ length: count }, (_, span) => [
    span === 0 ? `(${first}` : `${endMs(span) + 1}`,
    `${endMs(span + 1)}`,
  ]);
}

async function lastOfEach(
  link: RedisStore,
  key: string,
  spans: readonly [start: string, end: string][],
): Promise<BalancePoint[]> {
  const found: string[] = [];
  for (let done = 0; done < spans.length; done += SPANS_AT_ONCE) {
    const bounds = spans.slice(done, done + SPANS_AT_ONCE).flat();
    found.push(...((await runScript(link, LAST_OF_SPANS, [key], bounds)) as string[]));
  }
  return Array.from({ length: found.length / 2 }, (_, n) => point(found[2 * n] ?? '', found[2 * n + 1]));
}

const pointOfEntry = ({ id, message }: StreamEntry): BalancePoint => point(id, message.balanceMinor);

const point = (id: string, balanceMinor: string | undefined): BalancePoint => ({
  x: millisecondsOf(id),
  y: Number(balanceMinor),
});
