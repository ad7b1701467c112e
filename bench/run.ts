import { admitContestants } from './measure/admission.ts';
import { calmTable } from './measure/calm.ts';
import { measureClosed } from './measure/closed.ts';
import { measureGc, profileGateway } from './measure/inside.ts';
import { measureMix } from './measure/mix.ts';
import { measureOpen } from './measure/open.ts';
import { measureSizing } from './measure/sizing.ts';
import type { Plan } from './plan.ts';
import type { Results } from './report/results.ts';
import { machine, versions } from './setup/machine.ts';
import { prepare } from './setup/prepare.ts';

export interface BenchRun {
  readonly results: Results;
  /** SVG, if the gateway was profiled. */
  readonly flameGraph: string | undefined;
}

/** Runs the benchmark. Progress goes to `log`. */
export async function runBench(plan: Plan, log: (line: string) => void): Promise<BenchRun> {
  const startMs = performance.now();
  await using resources = new AsyncDisposableStack();
  const { context, redis } = await prepare(plan, resources, log);
  const { admitted, results: contestants } = await admitContestants(context);
  const { parts, rounds, windowMs, connections, sessions } = plan;
  const closed = parts.has('closed') || parts.has('open') ? await measureClosed(context, admitted) : [];
  const open = parts.has('open') ? await measureOpen(context, admitted, closed) : [];
  const mix = parts.has('mix') ? await measureMix(context, admitted) : [];
  const gc = parts.has('gc') ? await measureGc(context) : [];
  const profile = parts.has('profile') ? await profileGateway(context) : undefined;
  const sizing = parts.has('sizing') ? await measureSizing(context) : undefined;
  const calm = parts.has('calm') ? await calmTable(context) : undefined;
  const results: Results = {
    format: 1,
    date: new Date().toISOString(),
    durationSeconds: Math.round((performance.now() - startMs) / 1000),
    machine: machine(),
    versions: await versions(context.shared.redis.socketPath),
    plan: { rounds, windowMs, connections, sessions: [...sessions] },
    contestants: [...contestants],
    closed,
    open,
    mix,
    redis,
    gc,
    profile: profile?.dearest ?? [],
    faults: context.faults,
    ...(sizing === undefined ? {} : { sizing }),
    ...(calm === undefined ? {} : { calm }),
  };
  return { results, flameGraph: profile?.flameGraph };
}
