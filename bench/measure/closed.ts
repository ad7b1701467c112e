import type { Contestant, RunningServer } from '../contestant.ts';
import { type Measured, measureClosedLoop } from '../load/closed-loop.ts';
import { roundsFor, sessionsFor } from '../plan.ts';
import type { Results } from '../report/results.ts';
import { type RunContext, SMALL_GET, withServer } from './run-context.ts';

/** V8 has compiled and optimized the hot functions after about this many requests. */
const WARM_UP_REQUESTS_MIN = 25_000;
const COLD_WARM_UP_FACTOR = 6;
const WARM_UP_FACTOR = 3.5;
/** With more sessions than this, the warm-up does not reach all of them: it would take minutes. */
const WARM_UP_REQUESTS_MAX = 40_000;

/**
 * Measures every contestant with every number of sessions, in interleaved rounds: what disturbs the machine for a while
 * then falls on all of them.
 */
export async function measureClosed(
  context: RunContext,
  contestants: readonly Contestant[],
): Promise<Results['closed']> {
  const series = contestants.flatMap((contestant) =>
    sessionsFor(context.plan, contestant).map((sessions) => ({
      contestant: contestant.id,
      sessions,
      rounds: [] as Measured[],
    })),
  );
  for (let round = 1; round <= context.plan.rounds; round += 1) {
    for (const contestant of contestants) {
      const own = series.filter((each) => each.contestant === contestant.id);
      if (own.length === 0 || round > roundsFor(context.plan, contestant)) continue;
      await withServer(context, contestant, async (server) => {
        for (const [index, { sessions, rounds }] of own.entries())
          rounds.push(await measureOnce(context, contestant, server, sessions, index === 0));
      });
      const figures = own.map(({ sessions, rounds }) => `${sessions}: ${microsOf(rounds)}`).join(', ');
      context.log(`round ${round} of ${context.plan.rounds}: ${contestant.name}: µs by sessions: ${figures}`);
    }
  }
  return series.filter(({ rounds }) => rounds.length > 0);
}

const microsOf = (rounds: readonly Measured[]): string => rounds.at(-1)?.cpuMicrosPerRequest.toFixed(1) ?? '';

/** Measures a running server with small GET requests. @param isCold whether it has not served any yet */
export const measureOnce = (
  { plan, requests }: RunContext,
  { credential }: Contestant,
  server: RunningServer,
  sessions: number,
  isCold: boolean,
): Promise<Measured> =>
  measureClosedLoop(server, {
    requests: requests.rotation(credential, SMALL_GET, sessions),
    connections: plan.connections,
    warmUpMs: plan.warmUpMs,
    warmUpMaxMs: plan.warmUpMs * (isCold ? COLD_WARM_UP_FACTOR : WARM_UP_FACTOR),
    warmUpRequests: Math.min(Math.max(sessions, isCold ? WARM_UP_REQUESTS_MIN : 0), WARM_UP_REQUESTS_MAX),
    windowMs: plan.windowMs,
  });
