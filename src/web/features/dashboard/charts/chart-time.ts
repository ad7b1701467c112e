import { useEffect, useState } from 'preact/hooks';
import { language } from '../../../ui/format.ts';
import { type BalanceRange, RANGE_MS } from './balance-points.ts';

const TIME: Intl.DateTimeFormatOptions = { weekday: 'short', hour: '2-digit', minute: '2-digit' };
const formats: Record<BalanceRange, Intl.DateTimeFormat> = {
  hour: new Intl.DateTimeFormat(language, TIME),
  day: new Intl.DateTimeFormat(language, TIME),
  week: new Intl.DateTimeFormat(language, { ...TIME, day: 'numeric', month: 'short' }),
};

/** An instant (milliseconds since 1970) as precisely as the range needs it. */
export const formatInstant = (ms: number, range: BalanceRange): string => formats[range].format(ms);

const STEPS_ACROSS = 240;

/** Changes each time when the right edge of a chart of this range would have moved by a little. */
export function useChartClock(range: BalanceRange): number {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTurn((now) => now + 1), RANGE_MS[range] / STEPS_ACROSS);
    return () => clearInterval(timer);
  }, [range]);
  return turn;
}
