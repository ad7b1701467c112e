import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CACHE_DIRECTORY } from '../setup/directories.ts';
import { charts } from './charts.ts';
import { replaceMarked } from './markdown.ts';
import type { Results } from './results.ts';
import { resultsPage } from './results-page.ts';
import { sizingTables } from './sizing.ts';
import { closedTable, sessionsTable } from './tables.ts';
import { targetTable } from './targets.ts';

const REPOSITORY = join(import.meta.dirname, '../..');

/** Where the files of a run go. */
export interface ReportPlaces {
  readonly results: string;
  readonly json: string;
  readonly flameGraph: string;
  readonly charts: string;
  /** A page with marked parts, which are replaced. */
  readonly performancePage: string | undefined;
}

/** A complete run updates the repository; others write to the cache, unless a directory is given. */
export function placesFor(isComplete: boolean, output: string | undefined): ReportPlaces {
  if (output === undefined && isComplete) {
    return {
      results: join(REPOSITORY, 'bench/RESULTS.md'),
      json: join(REPOSITORY, 'bench/results.json'),
      flameGraph: join(REPOSITORY, 'docs/performance/flame-graph.svg'),
      charts: join(REPOSITORY, 'docs/performance'),
      performancePage: join(REPOSITORY, 'docs/performance.md'),
    };
  }
  const directory = output ?? join(CACHE_DIRECTORY, 'latest');
  return {
    results: join(directory, 'RESULTS.md'),
    json: join(directory, 'results.json'),
    flameGraph: join(directory, 'flame-graph.svg'),
    charts: join(directory, 'charts'),
    performancePage: undefined,
  };
}

/** Writes all files of a report. @returns their paths */
export async function writeReports(
  results: Results,
  places: ReportPlaces,
  flameGraph?: string,
): Promise<string[]> {
  const files = new Map([
    [places.json, `${JSON.stringify(results, null, 1)}\n`],
    [places.results, resultsPage(results)],
    ...charts(results).map(({ name, svg }) => [join(places.charts, `${name}.svg`), svg] as const),
    ...(flameGraph === undefined ? [] : [[places.flameGraph, flameGraph] as const]),
  ]);
  if (places.performancePage !== undefined)
    files.set(
      places.performancePage,
      performancePage(await readFile(places.performancePage, 'utf8'), results),
    );
  for (const [path, text] of files) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  return [...files.keys()];
}

/** The page with all marked parts made from these results. */
export function performancePage(page: string, results: Results): string {
  const main = results.plan.sessions.includes(40_000) ? 40_000 : Math.max(...results.plan.sessions);
  const parts = {
    'bench: sessions': sessionsTable(results),
    'bench: compared': closedTable(results, main),
    'bench: targets': targetTable(results),
    'bench: sizing': sizingTables(results),
    'bench: run': runLine(results),
  };
  return Object.entries(parts).reduce((text, [name, content]) => replaceMarked(text, name, content), page);
}

const runLine = ({ date, machine }: Results): string =>
  `Measured on ${date.slice(0, 10)} on ${machine.cpu}, ${machine.cores} cores, ${machine.system}.`;
