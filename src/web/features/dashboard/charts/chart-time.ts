import { useEffect, useState } from 'preact/hooks';
import { language } from '../../../language.ts';
import { type BalanceRange, RANGE_MS } from './balance-points.ts';

const TIME: Intl.DateTimeFormatOptions = { weekday: 'short', hour: '2-digit', minute: '2-digit' };
const formats: Record<BalanceRange, Intl.DateTimeFormat> = {
  hour: new Intl.DateTimeFormat(language, TIME),
  day: new Intl.DateTimeFormat(language, TIME),
  week: new Intl.DateTimeFormat(language, { ...TIME, day: 'numeric', month: 'short' }),
};

/** An instant (milliseconds since 1970) with the precision that the range needs. */
export const formatInstant = (ms: number, range: BalanceRange): string => formats[range].format(ms);

const STEPS_PER_RANGE = 240;

/** Renders the component again whenever the chart has to move by a step. Returns the number of the step. */
export function useChartClock(range: BalanceRange): number {
  const [step, setStep] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setStep((current) => current + 1), RANGE_MS[range] / STEPS_PER_RANGE);
    return () => clearInterval(timer);
  }, [range]);
  return step;
}
