import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import type { BalanceRange } from './balance-points.ts';

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
