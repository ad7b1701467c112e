import type { Environment } from '../config/load.ts';
import { type KeyStatus, keyStatusesAt } from '../keys/schedule.ts';
import { readRing } from '../keys/store.ts';
import { complain, withRing } from './ring-command.ts';

/** `portcullis keys list`: each key of the ring, its state and its times. @returns the exit code */
export function runKeysList(env: Environment): Promise<number> {
  return withRing(env, async ({ directory }) => {
    const record = await readRing(directory);
    if (record === undefined) return complain('there is no key ring; `portcullis keys rotate` makes one');
    const rows = keyStatusesAt(record, Date.now()).map(rowOf);
    process.stdout.write(table([['kid', 'state', 'published', 'signs from', 'until'], ...rows]));
    return 0;
  });
}

const rowOf = ({ kid, state, createdMs, signsFromMs, verifiesUntilMs, retiredMs }: KeyStatus): string[] => [
  kid,
  state === 'expired' ? 'retired' : state,
  timeOf(createdMs),
  timeOf(signsFromMs),
  timeOf(retiredMs ?? verifiesUntilMs),
];

const timeOf = (ms: number | undefined): string => (ms === undefined ? '-' : new Date(ms).toISOString());

function table(rows: readonly string[][]): string {
  const widths = [43, 9, 24, 24, 24];
  const line = (row: string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}
