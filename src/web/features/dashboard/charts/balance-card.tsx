import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { useAnswer } from '../../../hooks/load.ts';
import { LoadFault } from '../../../ui/notice.tsx';
import type { LiveAccount } from '../account/live-account.ts';
import { BalanceChart, BalanceValues } from './balance-chart.tsx';
import { type BalanceRange, loadHistory, withTransactions } from './balance-points.ts';
import { useChartClock } from './chart-time.ts';

/** The balance over time. Each new transaction is added to what was loaded once for a range. */
export function BalanceCard({ live }: { live: LiveAccount }): JSX.Element {
  const { account } = live;
  const [range, setRange] = useState<BalanceRange>('day');
  const history = useAnswer(async () => {
    const loaded = await loadHistory(account, range, Date.now());
    return withTransactions(loaded, live.recent, Date.now());
  }, [account.id, range]);
  useEffect(
    () =>
      live.listen({
        onArrival: (arrived) => history.put((now) => withTransactions(now, arrived, Date.now())),
        onGap: () => void history.reload(),
      }),
    [history.reload],
  );
  const shown = history.value;
  const turn = useChartClock(range);
  const series = useMemo(
    () => shown && { points: shown.points, nowMs: Math.max(Date.now(), shown.points.at(-1)?.x ?? 0) },
    [shown, turn],
  );
  return (
    <section class="card balance-card" aria-labelledby="balance-heading">
      <header class="card-head">
        <h2 id="balance-heading">Balance over time</h2>
        <RangeChoice range={range} onChoose={setRange} />
      </header>
      {history.fault && <LoadFault what="The chart" answer={history} />}
      {series === undefined && !history.fault && (
        <p class="chart line-chart waiting" role="status">
          Loading the chart …
        </p>
      )}
      {shown && series && (
        <div aria-busy={shown.range !== range && !history.fault}>
          <BalanceChart range={shown.range} series={series} currency={account.currency} />
          <BalanceValues range={shown.range} series={series} currency={account.currency} />
        </div>
      )}
    </section>
  );
}

const RANGES: readonly [BalanceRange, string][] = [
  ['hour', 'Hour'],
  ['day', 'Day'],
  ['week', 'Week'],
];

export interface RangeChoiceProps {
  range: BalanceRange;
  onChoose: (range: BalanceRange) => void;
}

/** Radio buttons that look like one control in three parts. */
export const RangeChoice = ({ range, onChoose }: RangeChoiceProps): JSX.Element => (
  <fieldset class="segments">
    <legend class="unseen">Time that the chart shows</legend>
    {RANGES.map(([value, label]) => (
      <label key={value}>
        <input
          type="radio"
          name="balance-range"
          value={value}
          checked={value === range}
          onInput={() => onChoose(value)}
        />
        <span>{label}</span>
      </label>
    ))}
  </fieldset>
);
