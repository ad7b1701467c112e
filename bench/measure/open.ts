import type { Contestant } from '../contestant.ts';
import { GATEWAY } from '../gateway/contestants.ts';
import { measureOpenLoop } from '../load/open-loop.ts';
import { median } from '../load/statistics.ts';
import { forAllParts } from '../plan.ts';
import { yieldToOthers } from '../processes/affinity.ts';
import type { Results } from '../report/results.ts';
import { type RunContext, SMALL_GET, withServer } from './run-context.ts';

/** The shares of each contestant's own maximum rate. */
export const SHARES = [0.3, 0.5, 0.7, 0.9] as const;
/** The latencies of the gateway with other numbers of sessions are compared at this share. */
export const FLAT_SHARE = 0.7;
const OPEN_SESSIONS = 40_000;
const CONNECTIONS = 256;
const WINDOW_FACTOR = 2;

/**
 * Measures latencies at constant rates: shares of the maximum that the closed loop found for the same contestant and
 * number of sessions.
 */
export async function measureOpen(
  context: RunContext,
  contestants: readonly Contestant[],
  closed: Results['closed'],
): Promise<Results['open']> {
  const results: Results['open'] = [];
  for (const contestant of forAllParts(context.plan, contestants)) {
    const points = pointsOf(contestant, closed);
    if (points.length === 0) continue;
    await withServer(context, contestant, async (server) => {
      for (const { sessions, share, maxRate } of points) {
        const measured = await atIdlePriority(() =>
          measureOpenLoop(server, {
            requests: context.requests.rotation(contestant.credential, SMALL_GET, sessions),
            requestsPerSecond: maxRate * share,
            connections: CONNECTIONS,
            warmUpMs: context.plan.warmUpMs,
            windowMs: context.plan.windowMs * WINDOW_FACTOR,
          }),
        );
        results.push({ contestant: contestant.id, sessions, share, measured });
        const p99 = measured.p99Ms.toFixed(2);
        context.log(`open loop: ${contestant.name}: ${sessions} sessions at ${share * 100} %: p99 ${p99} ms`);
      }
    });
  }
  return results;
}

/** The points that are measured of a contestant. The gateway is also measured with all other numbers of sessions. */
function pointsOf({ id }: Contestant, closed: Results['closed']) {
  const own = closed.filter(({ contestant }) => contestant === id);
  const main = own.find(({ sessions }) => sessions === OPEN_SESSIONS) ?? own.at(-1);
  return own.flatMap((series) => {
    const maxRate = median(series.rounds.map(({ requestsPerSecond }) => requestsPerSecond));
    const shares = series === main ? SHARES : id === GATEWAY ? [FLAT_SHARE] : [];
    return shares.map((share) => ({ sessions: series.sessions, share, maxRate }));
  });
}

async function atIdlePriority<T>(measure: () => Promise<T>): Promise<T> {
  yieldToOthers(true);
  try {
    return await measure();
  } finally {
    yieldToOthers(false);
  }
}
