import type { RunningServer } from '../contestant.ts';
import { cpuTimeMicros } from '../processes/cpu-time.ts';
import { LoadConnection } from './connection.ts';
import type { RequestSource } from './requests.ts';
import { type Percentiles, percentiles } from './statistics.ts';

export interface OpenLoopPlan {
  readonly requests: RequestSource;
  /** Requests are due at equal intervals, whether or not the server keeps up. */
  readonly requestsPerSecond: number;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
}

export interface OpenLoopMeasured extends Percentiles {
  /** The rate that was due. */
  readonly requestsPerSecond: number;
  readonly cpuMicrosPerRequest: number;
  /** How many of the requests that were due within the window had a response when the load ended. */
  readonly completedShare: number;
  /** The 99th percentile of how late the generator itself was, in milliseconds: the resolution of the latencies. */
  readonly generatorP99Ms: number;
}

/** After the window, the responses to requests that were due within it are awaited for at most this time. */
const DRAIN_MS = 1000;

/**
 * Sends requests at a constant rate. Latencies count from the time at which a request was due, not from when it could be
 * sent: when the server falls behind, requests that wait for a connection count in full (no coordinated omission).
 * A request without a response counts with the time that it has waited.
 * @throws if any response is not the expected one
 */
export async function measureOpenLoop(
  server: Pick<RunningServer, 'url' | 'pids'>,
  plan: OpenLoopPlan,
): Promise<OpenLoopMeasured> {
  const load = new OpenLoop(server.url, plan);
  try {
    const cpuMicros = await load.run(() => cpuTimeMicros(server.pids));
    const { latenciesMs, due, latenessMs } = load;
    const missing = load.waitingMs();
    return {
      ...percentiles([...latenciesMs, ...missing]),
      requestsPerSecond: plan.requestsPerSecond,
      cpuMicrosPerRequest: cpuMicros / due,
      completedShare: latenciesMs.length / (latenciesMs.length + missing.length),
      generatorP99Ms: percentiles(latenessMs).p99Ms,
    };
  } finally {
    load.close();
  }
}

class OpenLoop {
  readonly latenciesMs: number[] = [];
  readonly latenessMs: number[] = [];
  /** How many requests were due within the window. */
  due = 0;
  readonly #plan: OpenLoopPlan;
  readonly #free: LoadConnection[];
  readonly #all: readonly LoadConnection[];
  #fault: Error | undefined;
  /** Due times of requests that wait for a connection, oldest first, and of those that wait for their response. */
  readonly #queue: number[] = [];
  #queueStart = 0;
  readonly #inProgress = new Set<{ dueMs: number }>();
  #startMs = 0;
  #isClosed = false;

  constructor(url: string, plan: OpenLoopPlan) {
    this.#plan = plan;
    const onFault = (fault: Error): void => {
      this.#fault ??= fault;
    };
    this.#all = Array.from({ length: plan.connections }, () => new LoadConnection(url, onFault));
    this.#free = [...this.#all];
  }

  /** Runs warm-up and window. @returns how much `cpuMicros` grew during the window */
  async run(cpuMicros: () => number): Promise<number> {
    const { warmUpMs, windowMs, requestsPerSecond } = this.#plan;
    const intervalMs = 1000 / requestsPerSecond;
    this.#startMs = performance.now() + warmUpMs;
    const endMs = this.#startMs + windowMs;
    let nextMs = performance.now();
    let startCpu: number | undefined;
    while (nextMs < endMs) {
      const nowMs = performance.now();
      if (startCpu === undefined && nowMs >= this.#startMs) startCpu = cpuMicros();
      for (; nextMs <= nowMs && nextMs < endMs; nextMs += intervalMs) this.#enqueue(nextMs, nowMs);
      await this.#turn();
    }
    const used = cpuMicros() - (startCpu ?? 0);
    const drainUntilMs = performance.now() + DRAIN_MS;
    while (this.waitingMs().length > 0 && performance.now() < drainUntilMs) await this.#turn();
    return used;
  }

  /** How long the requests that were due within the window and have no response have waited so far. */
  waitingMs(): number[] {
    const nowMs = performance.now();
    const queued = this.#queue.slice(this.#queueStart);
    const waiting = [...queued, ...[...this.#inProgress].map(({ dueMs }) => dueMs)];
    return waiting.filter((dueMs) => dueMs >= this.#startMs).map((dueMs) => nowMs - dueMs);
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#all) connection.close();
  }

  /** One turn of the event loop. Timers have a resolution of a millisecond, which is too coarse. */
  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#fault !== undefined) throw this.#fault;
  }

  #enqueue(dueMs: number, nowMs: number): void {
    if (dueMs >= this.#startMs) {
      this.due += 1;
      this.latenessMs.push(nowMs - dueMs);
    }
    this.#queue.push(dueMs);
    this.#sendNext();
  }

  #sendNext(): void {
    const dueMs = this.#queue[this.#queueStart];
    const connection = dueMs === undefined ? undefined : this.#free.pop();
    if (dueMs === undefined || connection === undefined) return;
    this.#queueStart += 1;
    const request = { dueMs };
    this.#inProgress.add(request);
    connection.send(this.#plan.requests(), () => {
      this.#inProgress.delete(request);
      if (dueMs >= this.#startMs) this.latenciesMs.push(performance.now() - dueMs);
      this.#free.push(connection);
      if (!this.#isClosed) this.#sendNext();
    });
  }
}
