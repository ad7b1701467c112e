import { setTimeout as delay } from 'node:timers/promises';
import { AcknowledgedActions } from '../model/audit.ts';
import type { SoakOptions } from '../options.ts';
import {
  clerkSteps,
  customerSteps,
  faultSteps,
  keySteps,
  roleSteps,
  type Step,
  staffSteps,
} from '../plan/steps.ts';
import type { Tally } from '../report/tally.ts';
import type { World } from '../world/world.ts';
import { customerStep } from './customer.ts';
import { keyStep } from './keys.ts';
import { Pool } from './pool.ts';
import type { Recorder } from './recorder.ts';
import type { SoakContext } from './soak-context.ts';
import { clerkStep, roleStep, staffStep } from './staff.ts';

/** Each customer has so many devices, which act at the same time. */
const DEVICES = 2;
const FIRST_FAULT_MS = 3000;

export interface DriveOptions extends SoakOptions {
  recorder: Recorder;
  tally: Tally;
  /** Ends the soak early. */
  signal: AbortSignal;
}

/** Runs all actors and faults for the given time, and waits until each has finished its last step. */
export async function drive(world: World, options: DriveOptions): Promise<SoakContext> {
  const { recorder, seed, signal } = options;
  const { customers, staff, clerks, superAdmin } = world.people;
  const everybody = [...customers, ...staff, ...clerks, superAdmin];
  const forget = (id: string): void => recorder.checker.forget(id);
  const pools = new Map(everybody.map((person) => [person.id, new Pool(person, forget)]));
  const poolsOf = (people: readonly { id: string }[]): Pool[] =>
    people.map(({ id }) => pools.get(id)).filter((pool) => pool !== undefined);
  const context: SoakContext = {
    world,
    recorder,
    pools,
    transfers: new Map(),
    acknowledged: new AcknowledgedActions(),
    pause: (ms) => delay(ms, undefined, { signal }).catch(() => {}),
    isOver: () => signal.aborted,
    streams: new Set(),
  };
  const actors: Promise<void>[] = [];
  const start = <Name extends string>(
    steps: Generator<Step<Name>, never>,
    perform: (step: Step<Name>) => Promise<void>,
  ): void => {
    actors.push(act(context, steps, perform));
  };
  for (const [n, pool] of poolsOf(customers).entries())
    for (let device = 0; device < DEVICES; device += 1)
      start(customerSteps(seed, `customer ${n}, device ${device}`, options.customerGapMs), (step) =>
        customerStep(context, { pool, others: customers.filter(({ id }) => id !== pool.person.id) }, step),
      );
  for (const [n, pool] of poolsOf(staff).entries()) {
    const own = poolsOf(customers.filter((_, index) => index % staff.length === n));
    start(staffSteps(seed, `staff ${n}`), (step) => staffStep(context, { pool, customers: own }, step));
  }
  for (const [n, pool] of poolsOf(clerks).entries())
    start(clerkSteps(seed, `clerk ${n}`), (step) => clerkStep(context, pool, step));
  const [rootPool] = poolsOf([superAdmin]);
  if (rootPool !== undefined)
    start(roleSteps(seed), (step) => roleStep(context, { pool: rootPool, clerks: poolsOf(clerks) }, step));
  start(keySteps(seed, options.keyGapMs), (step) => keyStep(context, step));
  actors.push(strikeFaults(context, options));
  await Promise.all(actors);
  for (const stream of context.streams) stream.close();
  return context;
}

async function act<Name extends string>(
  context: SoakContext,
  steps: Generator<Step<Name>, never>,
  perform: (step: Step<Name>) => Promise<void>,
): Promise<void> {
  for (const step of steps) {
    await context.pause(step.gapMs);
    if (context.isOver()) return;
    await perform(step);
  }
}

async function strikeFaults(context: SoakContext, { seed, faultGapMs, tally }: DriveOptions): Promise<void> {
  const { faults, topology } = context.world;
  await context.pause(FIRST_FAULT_MS);
  for (const { name, gapMs, lengthMs } of faultSteps(
    seed,
    faults.map((fault) => fault.name),
    faultGapMs,
  )) {
    const fault = faults.find((candidate) => candidate.name === name);
    if (context.isOver()) return;
    const repaired = tally.faultBegins(name);
    const lostFromMs = performance.now() - (topology.statedLoss?.lagMs ?? 0);
    const excuse = (): void => {
      if (fault?.causesLoss && topology.statedLoss !== undefined)
        context.recorder.checker.mayHaveLost(lostFromMs);
    };
    excuse();
    await context.recorder.run({ name: `fault: ${name}`, by: 'soak' }, async () => {
      await fault?.strike(lengthMs);
      return { outcome: 'ok' as const, detail: '' };
    });
    repaired();
    excuse();
    await context.pause(gapMs);
  }
}
