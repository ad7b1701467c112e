import type { Profiler } from 'node:inspector';
import type { RunningServer } from '../contestant.ts';
import { GATEWAY, GATEWAYS, startGatewayProcess } from '../gateway/contestants.ts';
import { askGateway } from '../gateway/probe.ts';
import type { NodeServer } from '../processes/node-process.ts';
import { dearestFunctions } from '../profile/dearest.ts';
import { flameGraph } from '../profile/flame-graph.ts';
import { profileTree } from '../profile/tree.ts';
import type { Results } from '../report/results.ts';
import { SERVER_CORE } from '../setup/cores.ts';
import { measureOnce } from './closed.ts';
import { attempt, type RunContext } from './run-context.ts';

const GC_WINDOWS = 2;
const GC_SESSIONS: readonly number[] = [64, 40_000, 1_000_000];
const PROFILE_SESSIONS = 40_000;

/** Measures how much of a core the gateway's garbage collector uses at the maximum rate, by number of sessions. */
export async function measureGc(context: RunContext): Promise<Results['gc']> {
  const results: Results['gc'] = [];
  const { sessions: all, isComplete } = context.plan;
  for (const sessions of all.filter((each) => !isComplete || GC_SESSIONS.includes(each))) {
    await withGateway(context, 'garbage collection', async (server) => {
      await load(context, server, sessions, true);
      await askGateway(server, 'gc-start');
      const startMs = performance.now();
      for (let n = 0; n < GC_WINDOWS; n += 1) await load(context, server, sessions);
      const elapsedMs = performance.now() - startMs;
      const { gc = { minorMs: 0, majorMs: 0 } } = await askGateway(server, 'gc-stop');
      const minorPercent = (gc.minorMs / elapsedMs) * 100;
      const majorPercent = (gc.majorMs / elapsedMs) * 100;
      results.push({ contestant: GATEWAY, sessions, minorPercent, majorPercent });
      context.log(`garbage collection, ${sessions} sessions: ${(minorPercent + majorPercent).toFixed(1)} %`);
    });
  }
  return results;
}

export interface GatewayProfile {
  /** The ten functions with the most CPU time of their own. */
  readonly dearest: Results['profile'];
  /** SVG. */
  readonly flameGraph: string;
}

/** Profiles the gateway at its maximum rate. */
export async function profileGateway(context: RunContext): Promise<GatewayProfile | undefined> {
  const sessions = Math.min(PROFILE_SESSIONS, Math.max(...context.plan.sessions));
  let profile: Profiler.Profile | undefined;
  await withGateway(context, 'profile', async (server) => {
    await load(context, server, sessions, true);
    await askGateway(server, 'profile-start');
    await load(context, server, sessions);
    ({ profile } = await askGateway(server, 'profile-stop'));
  });
  if (profile === undefined) return undefined;
  const tree = profileTree(profile);
  context.log('profiled the gateway');
  const title = `CPU time of the gateway at its maximum rate, ${sessions.toLocaleString('en-US')} sessions`;
  return { dearest: dearestFunctions(tree), flameGraph: flameGraph(tree, title) };
}

async function load(
  context: RunContext,
  server: RunningServer,
  sessions: number,
  isCold = false,
): Promise<void> {
  const [gateway] = GATEWAYS;
  if (gateway !== undefined) await measureOnce(context, gateway, server, sessions, isCold);
}

const withGateway = (
  context: RunContext,
  part: string,
  use: (server: NodeServer) => Promise<void>,
): Promise<void> =>
  attempt(context, part, async () => {
    const server = await startGatewayProcess(context.shared, SERVER_CORE);
    try {
      await use(server);
    } finally {
      await server.stop();
    }
  });
