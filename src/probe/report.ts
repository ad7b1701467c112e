import { type AttackResult, type BatteryResult, describe } from './battery.ts';
import type { Control } from './controls.ts';
import type { Outcome } from './exchange.ts';

/** Whether every attack was rejected as expected and every control passed. */
export const isSafe = ({ attacks, controls }: Omit<BatteryResult, 'skipped'>): boolean =>
  [...attacks, ...controls].every(({ passed }) => passed);

/** The result as an aligned table followed by a summary. It contains no token and no password. */
export function formatReport(result: BatteryResult): string {
  const rows = [...result.controls.map(controlRow), ...result.attacks.map(attackRow)];
  const table = align([['attack', 'request', 'response', 'verdict'], ...rows]);
  return [...table, '', ...summary(result)].join('\n');
}

const controlRow = ({ title, outcomes, passed }: Control): string[] => [
  'control',
  title,
  summarize(outcomes),
  passed ? 'passed' : 'FAILED',
];

const attackRow = ({ attack, outcomes, verdict, passed }: AttackResult): string[] => [
  attack.id,
  attack.title,
  summarize(outcomes),
  passed ? verdict : verdict.toUpperCase(),
];

function summary({ attacks, controls, skipped }: BatteryResult): string[] {
  const failed = attacks.filter(({ passed }) => !passed);
  const accepted = failed.filter(({ verdict }) => verdict === 'accepted').length;
  const others = failed.length - accepted;
  const failedControls = controls.filter(({ passed }) => !passed).length;
  return [
    ...failed.map(({ attack, verdict }) => `${verdict}: ${attack.id} (${attack.why})`),
    ...(failedControls === 0
      ? []
      : [`${failedControls} of ${controls.length} controls failed: the verdicts prove nothing`]),
    ...(skipped.length === 0 ? [] : [`${skipped.length} attacks skipped: the gateway does not offer DPoP`]),
    `${attacks.length} attacks, ${accepted} accepted${others === 0 ? '' : `, ${others} not properly rejected`}`,
  ];
}

/** Equal outcomes once, with their number: `401 token_invalid ×16`. */
function summarize(outcomes: readonly Outcome[]): string {
  const counts = new Map<string, number>();
  for (const text of outcomes.map(describe)) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => (count === 1 ? text : `${text} ×${count}`)).join(', ');
}

function align(rows: readonly string[][]): string[] {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
}
