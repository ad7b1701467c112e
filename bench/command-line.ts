import { readFile } from 'node:fs/promises';
import { ArgumentsRefused, type BenchOptions, readArguments } from './arguments.ts';
import { compareResults, comparisonReport } from './compare/compare.ts';
import { type Part, planOf } from './plan.ts';
import { parseResults, type Results } from './report/results.ts';
import { closedTable, profileTable, sessionsTable } from './report/tables.ts';
import { targetTable } from './report/targets.ts';
import { placesFor, writeReports } from './report/write.ts';
import { runBench } from './run.ts';

export interface CommandLineOutput {
  out: (text: string) => void;
  /** Progress and errors. */
  log: (line: string) => void;
}

/** Runs the tool. @returns its exit code: 1 if a comparison found a figure that is worse or a part of a run failed, 2 if it could not run */
export async function commandLine(args: readonly string[], output: CommandLineOutput): Promise<number> {
  try {
    const options = readArguments(args, output);
    if (options.compare !== undefined) return await compare(options.compare, options.threshold, output);
    return await (options.render === undefined
      ? measure(options, output)
      : render(options.render, options, output));
  } catch (fault) {
    if (fault instanceof ArgumentsRefused) return fault.exitCode === 0 ? 0 : 2;
    for (let cause: unknown = fault; cause instanceof Error; cause = cause.cause) output.log(cause.message);
    return 2;
  }
}

async function measure(options: BenchOptions, { out, log }: CommandLineOutput): Promise<number> {
  const { quick, only, sessions, rounds, windowMs, cache } = options;
  const plan = planOf({ quick, only, sessions, rounds, windowMs, cache, parts: partsOf(options) });
  const places = placesFor(plan.isComplete, options.output);
  const { results, flameGraph } = await runBench(plan, log);
  out(summary(results));
  for (const file of await writeReports(results, places, flameGraph)) log(`wrote ${file}`);
  return results.faults.length === 0 ? 0 : 1;
}

/** `--profile` and `--gc` alone measure only that. */
function partsOf({ parts, profile, gc }: BenchOptions): Part[] | undefined {
  const chosen: Part[] = [...(profile ? (['profile'] as const) : []), ...(gc ? (['gc'] as const) : [])];
  if (chosen.length === 0) return parts;
  return [...new Set([...(parts ?? []), ...chosen])];
}

async function render(file: string, options: BenchOptions, { log }: CommandLineOutput): Promise<number> {
  const results = parseResults(await readFile(file, 'utf8'), file);
  for (const written of await writeReports(results, placesFor(true, options.output))) log(`wrote ${written}`);
  return 0;
}

async function compare(
  [before = '', after = '']: readonly string[],
  thresholdPercent: number,
  { out }: CommandLineOutput,
): Promise<number> {
  const [one, other] = await Promise.all(
    [before, after].map(async (file) => parseResults(await readFile(file, 'utf8'), file)),
  );
  if (one === undefined || other === undefined) throw new Error('two results files are needed');
  const comparison = compareResults(one, other, thresholdPercent);
  out(comparisonReport(comparison, thresholdPercent));
  return comparison.some(({ isWorse }) => isWorse) ? 1 : 0;
}

/** What a run prints: the main tables. The files have all. */
function summary(results: Results): string {
  const tables = [
    results.closed.length > 0 ? sessionsTable(results) : '',
    ...results.plan.sessions
      .filter((sessions) => results.closed.some((each) => each.sessions === sessions))
      .map((sessions) => closedTable(results, sessions)),
    targetTable(results),
    results.profile.length > 0 ? profileTable(results) : '',
  ];
  return `\n${tables.filter((text) => text !== '').join('\n\n')}\n\n`;
}
