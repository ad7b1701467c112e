import type { PrivateResponse } from '../gateway/edge/health-server.ts';
import type { ReadinessReport } from '../gateway/edge/readiness.ts';
import { problemMembers } from '../http/problem.ts';
import type { WorkerPool } from './pool.ts';

/** A worker that has not answered by then is not ready. */
const ANSWER_TIMEOUT_MS = 2000;

interface WorkerReadiness {
  worker: number;
  /** The process. */
  pid: number | undefined;
  status: ReadinessReport['status'];
  /** Absent if the worker does not answer. */
  parts?: ReadinessReport['parts'];
}

/** Whether the gateway as a whole can serve requests, and what each worker says. */
export interface TotalReadiness {
  status: ReadinessReport['status'];
  /** How many workers are ready, and how many have to be. */
  ready: number;
  required: number;
  isStopping: boolean;
  workers: readonly WorkerReadiness[];
}

/** With half of its workers, a gateway still serves; with fewer, a load balancer should prefer others. */
export const requiredWorkers = (count: number): number => Math.ceil(count / 2);

/** Asks all workers that serve. */
export async function totalReadiness(
  { serving, isStopping }: Pick<WorkerPool, 'serving' | 'isStopping'>,
  count: number,
): Promise<TotalReadiness> {
  const workers = await Promise.all(
    serving.map(async (worker): Promise<WorkerReadiness> => {
      const report = await worker.ask('readiness', ANSWER_TIMEOUT_MS);
      const { number, pid } = worker;
      return { worker: number, pid, ...(report ?? { status: 'not_ready' }) };
    }),
  );
  const required = requiredWorkers(count);
  const ready = workers.filter(({ status }) => status === 'ready').length;
  const isReady = ready >= required && !isStopping;
  return { status: isReady ? 'ready' : 'not_ready', ready, required, isStopping, workers };
}

const NOT_READY = { status: 503, code: 'workers_not_ready', title: 'Too few workers are ready.' };
const STOPPING = { status: 503, code: 'stopping', title: 'The gateway is stopping.' };

/** `GET /readyz` on the private listener of the primary process. */
export function readinessResponse({ isStopping, ...report }: TotalReadiness): PrivateResponse {
  if (report.status === 'ready')
    return { status: 200, type: 'application/json', body: JSON.stringify(report) };
  const { status: _, ...members } = report;
  const problem = { ...problemMembers(isStopping ? STOPPING : NOT_READY), ...members };
  return { status: 503, type: 'application/problem+json', body: JSON.stringify(problem) };
}
