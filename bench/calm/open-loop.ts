import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

export interface OpenLoopPlan {
  /** One for each connection: sends a request and tells whether it got the expected response. */
  senders: readonly (() => Promise<boolean>)[];
  /** Of each connection. */
  requestsPerSecond: number;
  seconds: number;
}

export interface OpenLoopResult {
  latenciesMs: number[];
  failures: number;
}

/** Node's timers are accurate to this much. A request may be sent so much too early, but never late because of it. */
const TIMER_MS = 1;

/**
 * Sends requests at a constant rate, whatever the responses take. A connection has one request at a time; those that
 * become due meanwhile wait, and their latency counts from the time at which they were due, so that a slow server
 * cannot lower the number of requests that observe its slowness (coordinated omission).
 */
export async function runOpenLoop(plan: OpenLoopPlan): Promise<OpenLoopResult> {
  const result: OpenLoopResult = { latenciesMs: [], failures: 0 };
  const periodMs = 1000 / plan.requestsPerSecond;
  const startMs = performance.now();
  const runOne = async (send: () => Promise<boolean>, index: number): Promise<void> => {
    const offsetMs = (periodMs * index) / plan.senders.length;
    for (let n = 0; offsetMs + n * periodMs < plan.seconds * 1000; n += 1) {
      const dueMs = startMs + offsetMs + n * periodMs;
      const waitMs = Math.floor(dueMs - performance.now());
      if (waitMs >= TIMER_MS) await delay(waitMs);
      const fromMs = Math.min(dueMs, performance.now());
      if (!(await send())) result.failures += 1;
      result.latenciesMs.push(performance.now() - fromMs);
    }
  };
  await Promise.all(plan.senders.map(runOne));
  return result;
}
