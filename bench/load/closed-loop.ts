import { setTimeout as delay } from 'node:timers/promises';
import type { RunningServer } from '../contestant.ts';
import { cpuTimeMicros } from '../processes/cpu-time.ts';
import { LoadConnection } from './connection.ts';
import type { RequestSource } from './requests.ts';
import { type Percentiles, percentiles } from './statistics.ts';

export interface ClosedLoopPlan {
  readonly requests: RequestSource;
  readonly connections: number;
  /** The warm-up takes at least this time and this many requests, but no longer than `warmUpMaxMs`. */
  readonly warmUpMs: number;
  readonly warmUpRequests: number;
  readonly warmUpMaxMs: number;
  readonly windowMs: number;
}

export interface Measured extends Percentiles {
  readonly requestsPerSecond: number;
  readonly cpuMicrosPerRequest: number;
  /** The share of one core that the server used. Below 0.9 the load was the bottleneck, not the server. */
  readonly coreShare: number;
}

const POLL_MS = 20;

/**
 * Keeps one request in progress on each connection, so the server sets the pace, and measures it after a warm-up.
 * @throws if any response is not the expected one
 */
export async function measureClosedLoop(
  server: Pick<RunningServer, 'url' | 'pids'>,
  plan: ClosedLoopPlan,
): Promise<Measured> {
  const load = new ClosedLoop(server.url, plan);
  try {
    await load.during(warmUp(load, plan));
    load.latenciesMs.length = 0;
    const startMs = performance.now();
    const startCpu = cpuTimeMicros(server.pids);
    await load.during(delay(plan.windowMs));
    const cpuMicros = cpuTimeMicros(server.pids) - startCpu;
    const windowMs = performance.now() - startMs;
    const requests = load.latenciesMs.length;
    if (requests === 0) throw new Error('there was no response within the window');
    return {
      ...percentiles(load.latenciesMs),
      requestsPerSecond: (requests * 1000) / windowMs,
      cpuMicrosPerRequest: cpuMicros / requests,
      coreShare: cpuMicros / 1000 / windowMs,
    };
  } finally {
    load.close();
  }
}

async function warmUp(load: ClosedLoop, plan: ClosedLoopPlan): Promise<void> {
  const { warmUpMs, warmUpRequests, warmUpMaxMs } = plan;
  const startMs = performance.now();
  await delay(warmUpMs);
  while (load.latenciesMs.length < warmUpRequests && performance.now() - startMs < warmUpMaxMs)
    await delay(POLL_MS);
}

class ClosedLoop {
  readonly latenciesMs: number[] = [];
  readonly #connections: readonly LoadConnection[];
  readonly #failed = Promise.withResolvers<never>();
  #isClosed = false;

  constructor(url: string, { connections, requests }: ClosedLoopPlan) {
    this.#failed.promise.catch(() => {});
    this.#connections = Array.from(
      { length: connections },
      () => new LoadConnection(url, this.#failed.reject),
    );
    for (const connection of this.#connections) this.#repeat(connection, requests);
  }

  /** Waits for a period. @throws if a response is not the expected one before its end */
  async during(period: Promise<unknown>): Promise<void> {
    await Promise.race([period, this.#failed.promise]);
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#connections) connection.close();
  }

  #repeat(connection: LoadConnection, requests: RequestSource): void {
    const sentMs = performance.now();
    connection.send(requests(), () => {
      this.latenciesMs.push(performance.now() - sentMs);
      if (!this.#isClosed) this.#repeat(connection, requests);
    });
  }
}
