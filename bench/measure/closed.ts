import { type Contestant, type RunningServer, Unavailable } from '../contestant.ts';
import { type Measured, measureClosedLoop } from '../load/closed-loop.ts';
import type { RequestSource } from '../load/requests.ts';
import { hasCache, roundsFor, sessionsFor } from '../plan.ts';
import type { Results } from '../report/results.ts';
import { SERVER_CORE } from '../setup/cores.ts';
import { attempt, type RunContext, SMALL_GET } from './run-context.ts';

/** V8 has compiled and optimized the hot functions after about this many requests. */
const WARM_UP_REQUESTS = 40_000;
const WARM_UP_MAX_FACTOR = 12;
const SHORT_WARM_UP_MS = 150;
/** With more sessions than this, filling a cache would take minutes. */
const CACHED_SESSIONS_MAX = 40_000;

interface Series {
  readonly contestant: Contestant;
  readonly server: RunningServer;
  readonly sessions: number;
  /** The same in all rounds, so that a session has its next turn only after all others. */
  readonly requests: RequestSource;
  readonly rounds: Measured[];
}

/**
 * Measures every contestant with every number of sessions. All servers run from the beginning to the end and are warm;
 * the rounds are short and interleaved: what disturbs the machine for a while then falls on all of them.
 */
export async function measureClosed(
  context: RunContext,
  contestants: readonly Contestant[],
): Promise<Results['closed']> {
  await using running = new AsyncDisposableStack();
  const series: Series[] = [];
  for (const contestant of contestants)
    await attempt(context, contestant.name, async () => {
      series.push(...(await warmSeries(context, contestant, running)));
    });
  const failed = new Set<Contestant>();
  for (let round = 1; round <= context.plan.rounds; round += 1) {
    for (const each of series) {
      const { contestant, rounds } = each;
      if (failed.has(contestant) || round > roundsFor(context.plan, contestant)) continue;
      const before = rounds.length;
      await attempt(context, contestant.name, async () => {
        rounds.push(await measureSeries(context, each, SHORT_WARM_UP_MS));
      });
      if (rounds.length === before) failed.add(contestant);
    }
    context.log(`closed loop: round ${round} of ${context.plan.rounds}: µs by sessions: ${summary(series)}`);
  }
  return series
    .filter(({ rounds }) => rounds.length > 0)
    .map(({ contestant, sessions, rounds }) => ({ contestant: contestant.id, sessions, rounds }));
}

/** Starts a contestant until the end of the measurement and warms it up. */
async function warmSeries(
  context: RunContext,
  contestant: Contestant,
  running: AsyncDisposableStack,
): Promise<Series[]> {
  const server = await contestant.start(context.shared, SERVER_CORE);
  if (server instanceof Unavailable) throw new Error(server.reason);
  running.defer(() => server.stop());
  const series = sessionsFor(context.plan, contestant).map((sessions) => ({
    ...{ contestant, server, sessions, rounds: [] },
    requests: requestsOf(context, contestant, sessions),
  }));
  const [first, ...others] = series;
  if (first === undefined) return [];
  await measureSeries(context, first, context.plan.warmUpMs, WARM_UP_REQUESTS);
  for (const each of others)
    if (hasCache(contestant) && each.sessions <= CACHED_SESSIONS_MAX)
      await measureSeries(context, each, SHORT_WARM_UP_MS, each.sessions);
  context.log(`warmed up: ${contestant.name}`);
  return series;
}

const measureSeries = (
  { plan }: RunContext,
  { server, requests }: Pick<Series, 'server' | 'requests'>,
  warmUpMs: number,
  warmUpRequests = 0,
): Promise<Measured> =>
  measureClosedLoop(server, {
    ...{ requests, connections: plan.connections, windowMs: plan.windowMs },
    ...{ warmUpMs, warmUpRequests, warmUpMaxMs: Math.max(warmUpMs, plan.warmUpMs * WARM_UP_MAX_FACTOR) },
  });

/** Measures a running server with small GET requests. @param isCold whether it has not served any yet */
export const measureOnce = (
  context: RunContext,
  contestant: Contestant,
  server: RunningServer,
  sessions: number,
  isCold: boolean,
): Promise<Measured> =>
  measureSeries(
    context,
    { server, requests: requestsOf(context, contestant, sessions) },
    context.plan.warmUpMs,
    isCold ? WARM_UP_REQUESTS : 0,
  );

const requestsOf = ({ requests }: RunContext, { credential }: Contestant, sessions: number): RequestSource =>
  requests.rotation(credential, SMALL_GET, sessions);

function summary(series: readonly Series[]): string {
  const byName = Map.groupBy(series, ({ contestant }) => contestant.id);
  const last = ({ sessions, rounds }: Series): string =>
    `${sessions}: ${rounds.at(-1)?.cpuMicrosPerRequest.toFixed(0) ?? '-'}`;
  return [...byName].map(([id, own]) => `${id} ${own.map(last).join(' ')}`).join('; ');
}
