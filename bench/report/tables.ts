import { Lookup, ratio } from './lookup.ts';
import { type Column, count, fixed, numbers, table } from './markdown.ts';
import type { Results } from './results.ts';

const REFERENCE = 'gateway';

/** CPU time per request of each contestant by number of sessions. */
export function sessionsTable(results: Results): string {
  const lookup = new Lookup(results);
  const counts = results.plan.sessions;
  const rows = lookup.measured.map((id) => [
    lookup.nameOf(id),
    ...counts.map((sessions) => fixed(lookup.cpu(id, sessions), 1)),
  ]);
  return table(['CPU µs per request', ...numbers(...counts.map((each) => `${count(each)} sessions`))], rows);
}

/** Rates, latencies and CPU time with one number of sessions, and ratios to the gateway. */
export function closedTable(results: Results, sessions: number): string {
  const lookup = new Lookup(results);
  const reference = lookup.cpu(REFERENCE, sessions);
  const rows = lookup.measured.flatMap((id) => {
    const rounds = lookup.closed(id, sessions)?.rounds;
    if (rounds === undefined) return [];
    const cpu = rounds.map(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest);
    const isLoadBound = (lookup.figure(id, sessions, 'coreShare') ?? 1) < LOAD_BOUND_BELOW;
    return [
      [
        lookup.nameOf(id),
        `${fixed(lookup.figure(id, sessions, 'requestsPerSecond'))}${isLoadBound ? ' †' : ''}`,
        fixed(lookup.figure(id, sessions, 'p50Ms'), 1),
        fixed(lookup.figure(id, sessions, 'p99Ms'), 1),
        fixed(lookup.cpu(id, sessions), 1),
        `${fixed(Math.min(...cpu), 1)}–${fixed(Math.max(...cpu), 1)}`,
        fixed(ratio(lookup.cpu(id, sessions), reference), 2),
      ],
    ];
  });
  const headings = ['requests/s', 'p50 ms', 'p99 ms', 'CPU µs', 'range', 'ratio to the gateway'];
  return table(['server', ...numbers(...headings)], rows);
}

/** A server that used less of its core than this waited for the load. */
const LOAD_BOUND_BELOW = 0.9;

/** Latencies at constant rates. */
export function openTable(results: Results): string {
  const lookup = new Lookup(results);
  const ms = (value: number): string | undefined => fixed(value, 2);
  const rows = results.open.map(({ contestant, sessions, share, measured }) => [
    lookup.nameOf(contestant),
    count(sessions),
    `${fixed(share * 100)} %`,
    fixed(measured.requestsPerSecond),
    ms(measured.p50Ms),
    ms(measured.p99Ms),
    ms(measured.p999Ms),
    ms(measured.generatorP99Ms),
    measured.completedShare === 1 ? '' : `${fixed(measured.completedShare * 100, 1)} % completed`,
  ]);
  const columns: Column[] = [
    'server',
    ...numbers(
      'sessions',
      'of its maximum',
      'requests/s',
      'p50 ms',
      'p99 ms',
      'p99.9 ms',
      'generator p99 ms',
    ),
    '',
  ];
  return table(columns, rows);
}

/** CPU time per request of other kinds of requests, each with the ratio to the gateway in parentheses. */
export function mixTable(results: Results): string {
  const lookup = new Lookup(results);
  const kinds = [...new Set(results.mix.map(({ kind }) => kind))];
  const ids = [...new Set(results.mix.map(({ contestant }) => contestant))];
  const cell = (id: string, kind: string): string | undefined => {
    const cpu = lookup.mix(id, kind);
    if (cpu === undefined) return undefined;
    return `${fixed(cpu, 1)} (${fixed(ratio(cpu, lookup.mix(REFERENCE, kind)), 2) ?? '–'})`;
  };
  const rows = ids.map((id) => [lookup.nameOf(id), ...kinds.map((kind) => cell(id, kind))]);
  return table(['CPU µs per request (ratio)', ...numbers(...kinds)], rows);
}

/** How much of a core the garbage collector used. */
export const gcTable = (results: Results): string =>
  table(
    ['garbage collection, share of one core', ...numbers('sessions', 'young generation', 'all other')],
    results.gc.map(({ contestant, sessions, minorPercent, majorPercent }) => [
      new Lookup(results).nameOf(contestant),
      count(sessions),
      `${fixed(minorPercent, 1)} %`,
      `${fixed(majorPercent, 1)} %`,
    ]),
  );

/** The functions that used the most CPU time themselves. */
export const profileTable = (results: Results): string =>
  table(
    ['function', 'file', ...numbers('own CPU time')],
    results.profile.map(({ name, place, selfPercent }) => [
      `\`${name}\``,
      place === '' ? '' : `\`${place.replace(/^src\//, '')}\``,
      `${fixed(selfPercent, 1)} %`,
    ]),
  );
