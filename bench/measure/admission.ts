import { type Contestant, type RunningServer, Unavailable } from '../contestant.ts';
import { checkSevenTokens } from '../peers/seven-tokens.ts';
import type { ContestantResult } from '../report/results.ts';
import { SERVER_CORE } from '../setup/cores.ts';
import type { RunContext } from './run-context.ts';

export interface Admission {
  /** Those that are measured. */
  readonly admitted: readonly Contestant[];
  /** All, with the reason why a contestant is left out. */
  readonly results: readonly ContestantResult[];
}

/**
 * Starts every contestant once and asks it with good and wrong credentials. One that is not available here, does not
 * start or gives a wrong status is left out: the figures of a server that does not check would mean nothing.
 */
export async function admitContestants(context: RunContext): Promise<Admission> {
  const results: ContestantResult[] = [];
  for (const contestant of context.plan.contestants) {
    const result = await admit(context, contestant);
    if (result.leftOut !== undefined) context.log(`${contestant.name} is left out: ${result.leftOut}`);
    results.push(result);
  }
  const isAdmitted = new Set(results.filter(({ leftOut }) => leftOut === undefined).map(({ id }) => id));
  return { admitted: context.plan.contestants.filter(({ id }) => isAdmitted.has(id)), results };
}

async function admit({ shared }: RunContext, contestant: Contestant): Promise<ContestantResult> {
  const { id, name, kind, description } = contestant;
  const result = { id, name, kind, description, checks: [] };
  let server: RunningServer | undefined;
  try {
    const started = await contestant.start(shared, SERVER_CORE);
    if (started instanceof Unavailable) return { ...result, leftOut: started.reason };
    server = started;
    const checks = [...(await checkSevenTokens(contestant, server, shared))];
    const wrong = checks.filter(({ expected, status }) => expected !== status);
    const faults = wrong.map(({ token, expected, status }) => `${token}: ${status} instead of ${expected}`);
    return { ...result, checks, ...(wrong.length === 0 ? {} : { leftOut: faults.join(', ') }) };
  } catch (fault) {
    return { ...result, leftOut: fault instanceof Error ? fault.message : String(fault) };
  } finally {
    await server?.stop();
  }
}
