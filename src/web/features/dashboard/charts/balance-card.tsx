import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { useLoad } from '../../../hooks/load.ts';
import { LoadError } from '../../../ui/notice.tsx';
import type { LiveAccount } from '../account/live-account.ts';
import { BalanceChart, BalanceTable } from './balance-chart.tsx';
import { type BalanceRange, loadHistory, withTransactions } from './balance-points.ts';
import { useChartClock } from './chart-time.ts';

/** The balance over time. A range is loaded once; new transactions are added to it. */
export function BalanceCard({ live }: { live: LiveAccount }): JSX.Element {
  const { account } = live;
  const [range, setRange] = useState<BalanceRange>('day');
  const history = useLoad(async () => {
    const loaded = await loadHistory(account, range, Date.now());
    return withTransactions(loaded, live.recent, Date.now());
  }, [account.id, range]);
  useEffect(
    () =>
      live.subscribe({
        onTransactions: (added) => history.update((before) => withTransactions(before, added, Date.now())),
        onGap: () => void history.reload(),
      }),
    [history.reload],
  );
  const shown = history.value;
  const step = useChartClock(range);
  const series = useMemo(
    () => shown && { points: shown.points, nowMs: Math.max(Date.now(), shown.points.at(-1)?.x ?? 0) },
    [shown, step],
  );
  return (
    <section class="card balance-card" aria-labelledby="balance-heading">
      <header class="card-head">
        <h2 id="balance-heading">Balance over time</h2>
        <RangePicker range={range} onSelect={setRange} />
      </header>
      {history.error && <LoadError what="The chart" loaded={history} />}
      {series === undefined && !history.error && (
        <p class="chart waiting" role="status">
          Loading the chart …
        </p>
      )}
      {shown && series && (
        <div aria-busy={shown.range !== range && !history.error}>
          <BalanceChart range={shown.range} series={series} currency={account.currency} />
          <BalanceTable range={shown.range} series={series} currency={account.currency} />
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

interface RangePickerProps {
  range: BalanceRange;
  onSelect: (range: BalanceRange) => void;
}

/** Radio buttons that look like one control. */
const RangePicker = ({ range, onSelect }: RangePickerProps): JSX.Element => (
  <fieldset class="segments">
    <legend class="unseen">Time range of the chart</legend>
    {RANGES.map(([value, label]) => (
      <label key={value}>
        <input
          type="radio"
          name="balance-range"
          value={value}
          checked={value === range}
          onInput={() => onSelect(value)}
        />
        <span>{label}</span>
      </label>
    ))}
  </fieldset>
);
