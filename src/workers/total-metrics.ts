import { counted, gauge } from '../metrics/gauge.ts';
import type { Metric } from '../metrics/metric.ts';
import { processMetrics } from '../metrics/process.ts';
import type { MetricSnapshot } from './messages.ts';
import { addUp, countersOf, metricsOf, snapshotOf } from './metrics-sum.ts';
import type { WorkerProcess } from './worker-process.ts';

/** A scrape takes no longer than this. Of a worker that does not answer in time, the last known values count. */
const ANSWER_TIMEOUT_MS = 1000;

/** What the metrics of the primary process read. */
export interface MeasuredWorkers {
  readonly serving: readonly unknown[];
  readonly crashes: number;
}

/** The metrics of the primary process about its workers. */
export const workerMetrics = (of: MeasuredWorkers): Metric[] => [
  gauge(
    'portcullis_workers',
    'Worker processes that serve; only with `WORKERS` above 1.',
    () => of.serving.length,
  ),
  counted(
    'portcullis_worker_crashes_total',
    'Worker processes that ended without being told to, and were replaced; only with `WORKERS` above 1.',
    () => of.crashes,
  ),
];

/**
 * The metrics of all workers, added up. What workers that have ended had counted stays in the totals: their last values,
 * or those of the last scrape if they crashed. So no counter goes back when a worker is replaced.
 */
export class TotalMetrics {
  readonly #workers: MeasuredWorkers & { readonly processes: readonly WorkerProcess[] };
  readonly #own: readonly Metric[];
  #ended: readonly MetricSnapshot[] = [];

  constructor(workers: MeasuredWorkers & { readonly processes: readonly WorkerProcess[] }) {
    this.#workers = workers;
    this.#own = [...workerMetrics(workers), ...processMetrics()];
  }

  /** Keeps what a worker that has ended had counted. */
  keep(worker: WorkerProcess): void {
    this.#ended = addUp([this.#ended, countersOf(worker.metrics)]);
  }

  async read(): Promise<Metric[]> {
    await Promise.all(this.#workers.processes.filter(({ hasListened }) => hasListened).map(refresh));
    const present = this.#workers.processes.map(({ metrics }) => metrics);
    return metricsOf(addUp([...present, this.#ended, snapshotOf(this.#own)]));
  }
}

async function refresh(worker: WorkerProcess): Promise<void> {
  worker.metrics = (await worker.ask('metrics', ANSWER_TIMEOUT_MS)) ?? worker.metrics;
}
