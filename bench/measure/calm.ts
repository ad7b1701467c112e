import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { attempt, type RunContext } from './run-context.ts';

const CALM_FILE = join(import.meta.dirname, '../calm/measure.ts');
const SUMMARY_FILE = join(import.meta.dirname, '../calm/summary.ts');
const SECONDS = 8;

interface CalmModule {
  measureCalm(options: { seconds: number; onResult: (result: unknown) => void }): Promise<unknown[]>;
}

interface SummaryModule {
  TABLE_HEAD: string;
  tableRow(result: unknown): string;
}

/** What logged-in users experience beside floods, as a table; undefined if that part is not installed. */
export async function calmTable(context: RunContext): Promise<string | undefined> {
  if (!existsSync(CALM_FILE)) return undefined;
  let text: string | undefined;
  await attempt(context, 'calm', async () => {
    text = await measuredTable(context);
  });
  return text;
}

async function measuredTable({ log }: RunContext): Promise<string> {
  const { measureCalm } = (await import(CALM_FILE)) as CalmModule;
  const { TABLE_HEAD, tableRow } = (await import(SUMMARY_FILE)) as SummaryModule;
  const rows: string[] = [];
  await measureCalm({
    seconds: SECONDS,
    onResult: (result) => {
      rows.push(tableRow(result));
      log(`calm: ${rows.at(-1)}`);
    },
  });
  return [TABLE_HEAD, ...rows].join('\n');
}
