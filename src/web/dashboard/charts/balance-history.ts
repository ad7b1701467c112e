import { type Account, type BalancePoint, balancePoints, type Transaction } from '../../api/bank.ts';
import { type BalanceRange, pointsSince, RANGE_MS, withPoint } from './balance-points.ts';

const POINTS = 500;

/** What the chart of the balance is made of. */
export interface BalanceHistory {
  range: BalanceRange;
  /** Oldest first. */
  points: readonly BalancePoint[];
}

/**
 * The balances of a range until now, beginning with the one at its beginning, if the account was open by then.
 * @throws {NotDone}
 */
export async function loadHistory(
  { id }: Pick<Account, 'id'>,
  range: BalanceRange,
  nowMs: number,
): Promise<BalanceHistory> {
  const fromMs = nowMs - RANGE_MS[range];
  const [earlier, within] = await Promise.all([
    balancePoints(id, { toMs: fromMs, points: 2 }),
    balancePoints(id, { fromMs: fromMs + 1, points: POINTS }),
  ]);
  return { range, points: pointsSince([...earlier, ...within], fromMs) };
}

/** The history with transactions that have happened since. */
export function withTransactions(
  { range, points }: BalanceHistory,
  arrived: readonly Transaction[],
  nowMs: number,
): BalanceHistory {
  const all = arrived.reduce<readonly BalancePoint[]>(
    (sofar, { at, balanceAfterMinor }) => withPoint(sofar, { x: Date.parse(at), y: balanceAfterMinor }),
    points,
  );
  return { range, points: pointsSince(all, nowMs - RANGE_MS[range]) };
}
