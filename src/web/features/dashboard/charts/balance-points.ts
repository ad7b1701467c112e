import { type Account, type BalancePoint, balancePoints, type Transaction } from '../../../api/bank.ts';

/** How far back the chart of the balance goes. */
export const RANGE_MS = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 } as const;
export type BalanceRange = keyof typeof RANGE_MS;

/** More points than this are thinned out: a chart has no more pixels across. */
const POINTS_MOST = 2000;
const POINTS_AFTER_THINNING = 1000;

/** The points with one more, in the order of time. A later one of the same millisecond takes its place. */
export function withPoint(points: readonly BalancePoint[], point: BalancePoint): BalancePoint[] {
  const before = points.findLastIndex(({ x }) => x <= point.x);
  const isReplaced = points[before]?.x === point.x;
  return [...points.slice(0, isReplaced ? before : before + 1), point, ...points.slice(before + 1)];
}

/**
 * The points since `fromMs`, and the last one before, at `fromMs`: it is the balance with which the time begins.
 * Of too many points, the last of each of equal spans stays.
 */
export function pointsSince(points: readonly BalancePoint[], fromMs: number): BalancePoint[] {
  const within = thinned(points.filter(({ x }) => x > fromMs));
  const before = points.findLast(({ x }) => x <= fromMs);
  return before === undefined ? within : [{ x: fromMs, y: before.y }, ...within];
}

function thinned(points: BalancePoint[]): BalancePoint[] {
  const [first, last] = [points[0], points.at(-1)];
  if (points.length <= POINTS_MOST || first === undefined || last === undefined) return points;
  const spanMs = (last.x - first.x) / POINTS_AFTER_THINNING;
  const spanOf = ({ x }: BalancePoint): number => Math.ceil((x - first.x) / spanMs);
  return points.filter((point, index) => {
    const next = points[index + 1];
    return next === undefined || spanOf(next) !== spanOf(point);
  });
}

/** The balance at an instant: it holds from one transaction until the next. Undefined before the first point. */
export const balanceAt = (points: readonly BalancePoint[], ms: number): number | undefined =>
  points.findLast(({ x }) => x <= ms)?.y;

export interface BalanceSummary {
  lowestMinor: number;
  highestMinor: number;
  nowMinor: number;
}

/** Undefined when there are no points. */
export function summaryOf(points: readonly BalancePoint[]): BalanceSummary | undefined {
  const balances = points.map(({ y }) => y);
  const nowMinor = balances.at(-1);
  if (nowMinor === undefined) return undefined;
  return { lowestMinor: Math.min(...balances), highestMinor: Math.max(...balances), nowMinor };
}

/** Between two rows of the table of values. */
const STEP_MS = { hour: 300_000, day: 7_200_000, week: 43_200_000 } as const;

/** The balance at regular instants, newest first: what the chart shows, for a table. */
export function regularBalances(
  points: readonly BalancePoint[],
  range: BalanceRange,
  nowMs: number,
): BalancePoint[] {
  const steps = RANGE_MS[range] / STEP_MS[range];
  return Array.from({ length: steps + 1 }, (_, step) => nowMs - step * STEP_MS[range]).flatMap((x) => {
    const y = balanceAt(points, x);
    return y === undefined ? [] : [{ x, y }];
  });
}

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
