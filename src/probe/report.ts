import type { AttackResult, BatteryResult, Control } from './battery.ts';
import { describe } from './verdict.ts';

/** Whether nothing got in, everything was refused properly, and the controls say that this means something. */
export const isSafe = ({ attacks, controls }: BatteryResult): boolean =>
  attacks.every(({ passed }) => passed) && controls.every(({ held }) => held);

/** The result as an aligned table with its summary below. It holds no token and no password. */
export function formatReport(result: BatteryResult): string {
  const rows = [...result.controls.map(controlRow), ...result.attacks.map(attackRow)];
  return [...align([['case', 'what is sent', 'answer', 'verdict'], ...rows]), '', ...summary(result)].join(
    '\n',
  );
}

const controlRow = ({ title, answers, held }: Control): string[] => [
  'control',
  title,
  shorten(answers),
  held ? 'holds' : 'FAILED',
];

const attackRow = ({ attack, outcomes, verdict, passed }: AttackResult): string[] => [
  attack.id,
  attack.title,
  shorten(outcomes.map(describe)),
  passed ? verdict : verdict.toUpperCase(),
];

function summary({ attacks, controls }: BatteryResult): string[] {
  const failed = attacks.filter(({ passed }) => !passed);
  const gotIn = failed.filter(({ verdict }) => verdict === 'got in').length;
  const others = failed.length - gotIn;
  const lost = controls.filter(({ held }) => !held).length;
  return [
    ...failed.map(({ attack, verdict }) => `${verdict}: ${attack.id} (${attack.why})`),
    ...(lost === 0 ? [] : [`${lost} of ${controls.length} controls failed: the verdicts prove nothing`]),
    `${attacks.length} cases, ${gotIn} got in${others === 0 ? '' : `, ${others} not properly refused`}`,
  ];
}

/** Equal answers once, with how many there were: `401 token_invalid ×16`. */
function shorten(answers: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return [...counts].map(([answer, count]) => (count === 1 ? answer : `${answer} ×${count}`)).join(', ');
}

function align(rows: readonly string[][]): string[] {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
}
