import { setTimeout as delay } from 'node:timers/promises';
import { drive } from './driver/drive.ts';
import { closeConnections } from './driver/http.ts';
import { Recorder } from './driver/recorder.ts';
import { settle } from './driver/settle.ts';
import { commandOf, type SoakOptions } from './options.ts';
import { inspect } from './report/inspect.ts';
import { countKeys, grownKinds, keysLine } from './report/lasting-keys.ts';
import { MemoryWatch } from './report/memory.ts';
import { Tally } from './report/tally.ts';
import { violationText } from './report/violations.ts';
import { startTopology } from './world/start-topology.ts';
import { startWorld, type World } from './world/world.ts';

const CUSTOMERS = 8;
/** With so many violations, the soak ends early. */
const VIOLATIONS_MAX = 10;
/** When the keys are counted for the first time, as a part of the run. */
const EARLY = 0.4;

export interface SoakResult {
  /** What is wrong, each as one or more lines. Empty if the soak has passed. */
  faults: string[];
  /** What has been measured. */
  lines: string[];
  operations: number;
}

/** Runs a soak from its first process to its last. @param signal ends it early */
export async function runSoak(options: SoakOptions, signal: AbortSignal): Promise<SoakResult> {
  const tally = new Tally();
  const recorder = new Recorder(tally, options.history);
  const topology = await startTopology(options.redis);
  try {
    const world = await startWorld(topology, { ...options, customers: CUSTOMERS });
    try {
      return await soakIn(world, { ...options, recorder, tally, signal });
    } finally {
      closeConnections();
      await world.stop();
    }
  } finally {
    recorder.close();
    await topology.stop();
  }
}

type RunOptions = Parameters<typeof drive>[1];

async function soakIn(world: World, options: RunOptions): Promise<SoakResult> {
  const { recorder, tally } = options;
  const startMs = performance.now();
  const runMs = options.minutes * 60_000;
  const found = new AbortController();
  recorder.onViolation = () => {
    if (recorder.checker.violations.length >= VIOLATIONS_MAX) found.abort();
  };
  const signal = AbortSignal.any([options.signal, found.signal, AbortSignal.timeout(runMs)]);
  const memory = new MemoryWatch(() => [
    ...world.gateways,
    world.bank,
    ...world.topology.processes(),
    runner,
  ]);
  const early = keysAfter(world, runMs * EARLY, signal);
  const context = await drive(world, { ...options, signal });
  const unsettled = await settle(context);
  memory.stop();
  const wrong = unsettled.length > 0 ? unsettled : await inspect(context);
  const keys = await countKeys(await world.topology.primaries());
  const { lines: memoryLines, faults: memoryFaults } = memory.report();
  const violations = recorder.checker.violations.map((violation) => violationText(violation, startMs));
  const earlyKeys = await early;
  const grown = earlyKeys === undefined ? [] : grownKinds(earlyKeys, keys);
  const posted = [...context.transfers.values()].filter(({ outcome }) => outcome === 'posted').length;
  return {
    operations: recorder.count,
    faults: [...violations, ...wrong, ...grown, ...memoryFaults],
    lines: [
      ...tally.operations(),
      ...tally.faults(),
      ...tally.unexplained().map((line) => `unavailable without a fault: ${line}`),
      `transfers: ${context.transfers.size}, ${posted} of them acknowledged`,
      `acknowledged audit records: ${context.acknowledged.size}`,
      `stated loss of this topology: ${world.topology.statedLoss?.text ?? 'none'}`,
      ...memoryLines,
      `keys: ${keysLine(keys)}`,
    ],
  };
}

const runner = { name: 'runner', pid: process.pid };

/** Undefined if the soak ends before, or Redis is unavailable at that time. */
async function keysAfter(world: World, afterMs: number, signal: AbortSignal) {
  await delay(afterMs, undefined, { signal }).catch(() => {});
  if (signal.aborted) return undefined;
  return world.topology
    .primaries()
    .then(countKeys)
    .catch(() => undefined);
}

/** The text that the command prints: what was measured, what is wrong, and how to run the same again. */
export const resultText = ({ faults, lines, operations }: SoakResult, options: SoakOptions): string =>
  [
    ...lines,
    ...faults.map((fault) => `FAULT ${fault}`),
    `${operations} operations, ${faults.length} faults, seed ${options.seed}: ${commandOf(options)}`,
    '',
  ].join('\n');
