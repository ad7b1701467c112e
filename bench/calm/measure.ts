import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuTimeMicros } from '../processes/cpu-time.ts';
import { PASSWORD } from './accounts.ts';
import type { CalmPlan, FloodPlan } from './messages.ts';
import type { OpenLoopResult } from './open-loop.ts';
import { type Child, startChild } from './processes.ts';
import { type CalmOptions, type CalmResult, type Flood, SCENARIOS, type Scenario } from './scenarios.ts';
import { summarize } from './summary.ts';
import { startWorld, type World } from './world.ts';

/** How long a flood runs before it is measured, so that queues and buckets are as full as they get. */
const FLOOD_RISE_MS = 1000;
const PAUSE_MS = 1000;
/** The flood must not take the CPU of the clients that measure, nor that of Redis and the upstream. */
const FLOOD_NICENESS = 19;

type Settled = Required<Omit<CalmOptions, 'onResult'>>;

/**
 * Measures what logged-in connections experience beside each flood. The gateway has cores of its own. By default it is
 * one core, and all else has the others.
 */
export async function measureCalm({ onResult, ...given }: CalmOptions): Promise<CalmResult[]> {
  const options: Settled = {
    scenarios: SCENARIOS,
    floodAddresses: 50,
    floodConnections: 50,
    connections: 64,
    ratePerConnection: 10,
    warmUpSeconds: 3,
    gatewayCores: '0',
    loadCores: availableParallelism() > 1 ? `1-${availableParallelism() - 1}` : '0',
    gatewayEnv: {},
    ...given,
  };
  await using started = new AsyncDisposableStack();
  const world = await startWorld(options, started);
  await runCalm(world, options, options.warmUpSeconds);
  const results: CalmResult[] = [];
  for (const scenario of options.scenarios) {
    const result = await measureScenario(world, options, scenario, results);
    results.push(result);
    onResult?.(result);
    await delay(PAUSE_MS);
  }
  return results;
}

async function measureScenario(
  world: World,
  options: Settled,
  scenario: Scenario,
  before: readonly CalmResult[],
): Promise<CalmResult> {
  const flood = scenario === 'quiet' ? undefined : await startFlood(world, options, scenario);
  const startCpu = cpuTimeMicros([world.gateway.pid]);
  const startMs = performance.now();
  const measured = await runCalm(world, options, options.seconds).finally(() => flood?.stop());
  const micros = (performance.now() - startMs) * 1000;
  const latencies = summarize(measured.latenciesMs);
  const quiet = before.find((result) => result.scenario === 'quiet');
  return {
    scenario,
    floodAddresses: options.floodAddresses,
    requests: measured.latenciesMs.length,
    failures: measured.failures,
    ...latencies,
    p99Ratio: quiet && latencies.p99Ms / quiet.p99Ms,
    gatewayCores: (cpuTimeMicros([world.gateway.pid]) - startCpu) / micros,
    floodResponses: (await flood?.responses) ?? {},
  };
}

async function runCalm(
  { gateway, accounts }: World,
  { loadCores, ratePerConnection }: Settled,
  seconds: number,
): Promise<OpenLoopResult> {
  const { accessTokens } = accounts;
  const child = startChild('calm-process.ts', loadCores);
  try {
    const plan: CalmPlan = { url: gateway.url, accessTokens, requestsPerSecond: ratePerConnection, seconds };
    child.send(plan);
    return await child.receive<OpenLoopResult>();
  } finally {
    await child.stop();
  }
}

/** Starts a flood. Each has addresses of its own, so that none is refused for what another one did. */
async function startFlood({ gateway, accounts }: World, options: Settled, flood: Flood) {
  const { loadCores, floodConnections: connections, floodAddresses } = options;
  const network = 2 + SCENARIOS.indexOf(flood);
  const addresses = Array.from(
    { length: floodAddresses },
    (_, n) => `127.${network}.${n >> 7}.${1 + (n & 127)}`,
  );
  const { usernames, sessions } = accounts;
  const plan: FloodPlan = {
    url: gateway.url,
    flood,
    connections,
    addresses,
    usernames,
    password: PASSWORD,
    sessions,
  };
  const child: Child = startChild('flood-process.ts', loadCores, FLOOD_NICENESS);
  child.send(plan);
  await delay(FLOOD_RISE_MS);
  const { promise: responses, resolve } = Promise.withResolvers<Record<string, number>>();
  const stop = async (): Promise<void> => {
    child.send({ stop: true });
    const result = await child.receive<{ responses: Record<string, number> }>();
    resolve(result.responses);
    await child.stop();
  };
  return { stop, responses };
}
