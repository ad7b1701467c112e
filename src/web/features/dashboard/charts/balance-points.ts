import { type Account, type BalancePoint, balancePoints, type Transaction } from '../../../api/bank.ts';

/** The duration that the chart shows. */
export const RANGE_MS = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 } as const;
export type BalanceRange = keyof typeof RANGE_MS;

/** The balance over time. */
interface BalanceHistory {
  range: BalanceRange;
  /** Oldest first. */
  points: readonly BalancePoint[];
}

const POINTS_LOADED = 500;

/**
 * Loads the balances of a range until now. The first is the balance at its start, unless the account was opened later.
 * @throws {ApiError}
 */
export async function loadHistory(
  { id }: Pick<Account, 'id'>,
  range: BalanceRange,
  nowMs: number,
): Promise<BalanceHistory> {
  const fromMs = nowMs - RANGE_MS[range];
  const [earlier, within] = await Promise.all([
    balancePoints(id, { toMs: fromMs, points: 2 }),
    balancePoints(id, { fromMs: fromMs + 1, points: POINTS_LOADED }),
  ]);
  return { range, points: pointsSince([...earlier, ...within], fromMs) };
}

/** The history with newer transactions. */
export function withTransactions(
  { range, points }: BalanceHistory,
  added: readonly Transaction[],
  nowMs: number,
): BalanceHistory {
  const all = added.reduce<readonly BalancePoint[]>(
    (before, { at, balanceAfterMinor }) => withPoint(before, { x: Date.parse(at), y: balanceAfterMinor }),
    points,
  );
  return { range, points: pointsSince(all, nowMs - RANGE_MS[range]) };
}

/** Adds a point in order of time. It replaces one of the same millisecond. */
export function withPoint(points: readonly BalancePoint[], point: BalancePoint): BalancePoint[] {
  const before = points.findLastIndex(({ x }) => x <= point.x);
  const isReplaced = points[before]?.x === point.x;
  return [...points.slice(0, isReplaced ? before : before + 1), point, ...points.slice(before + 1)];
}

/**
 * The points since `fromMs`, after one at `fromMs` with the balance at that time, if it is known. Too many points are
 * thinned out: of each of several equal intervals, the last point is kept.
 */
export function pointsSince(points: readonly BalancePoint[], fromMs: number): BalancePoint[] {
  const within = thinned(points.filter(({ x }) => x > fromMs));
  const before = points.findLast(({ x }) => x <= fromMs);
  return before === undefined ? within : [{ x: fromMs, y: before.y }, ...within];
}

/** A chart is not wider than this in pixels. */
const POINTS_MAX = 2000;
const POINTS_AFTER_THINNING = 1000;

function thinned(points: BalancePoint[]): BalancePoint[] {
  const [first, last] = [points[0], points.at(-1)];
  if (points.length <= POINTS_MAX || first === undefined || last === undefined) return points;
  const intervalMs = (last.x - first.x) / POINTS_AFTER_THINNING;
  const intervalOf = ({ x }: BalancePoint): number => Math.ceil((x - first.x) / intervalMs);
  return points.filter((point, index) => {
    const next = points[index + 1];
    return next === undefined || intervalOf(next) !== intervalOf(point);
  });
}

/** The balance at an instant, undefined before the first point. */
export const balanceAt = (points: readonly BalancePoint[], ms: number): number | undefined =>
  points.findLast(({ x }) => x <= ms)?.y;

/** Undefined if there are no points. */
export function summarize(
  points: readonly BalancePoint[],
): { lowestMinor: number; highestMinor: number; currentMinor: number } | undefined {
  const balances = points.map(({ y }) => y);
  const currentMinor = balances.at(-1);
  if (currentMinor === undefined) return undefined;
  return { lowestMinor: Math.min(...balances), highestMinor: Math.max(...balances), currentMinor };
}

/** Between two rows of the table. */
const STEP_MS = { hour: 300_000, day: 7_200_000, week: 43_200_000 } as const;

/** The balance at regular intervals, newest first, for a table with the chart's content. */
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
