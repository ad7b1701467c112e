import type { ReadinessReport } from '../gateway/edge/readiness.ts';
import type { ShareReport } from '../gateway/shares/exchange.ts';
import type { MetricDefinition, Sample } from '../metrics/metric.ts';

/** The values of a metric at one moment, as they are sent between processes. */
export interface MetricSnapshot {
  definition: MetricDefinition;
  samples: readonly Sample[];
}

/** What the primary process asks a worker. */
export interface Answers {
  readiness: ReadinessReport;
  metrics: readonly MetricSnapshot[];
}
export type Question = keyof Answers;

/** From the primary process to a worker. */
export type ToWorker =
  | { kind: 'ask'; id: number; question: Question }
  | { kind: 'ping' }
  | { kind: 'shares'; report: ShareReport }
  | { kind: 'stop'; isReplaced: boolean };

/** From a worker to the primary process. */
export type FromWorker =
  | { kind: 'listening'; url: string }
  | { kind: 'answer'; id: number; answer: Answers[Question] }
  /** The answer to a ping. */
  | { kind: 'pong' }
  | { kind: 'shares'; report: ShareReport }
  /** The last message of a worker that stops as it was told. */
  | { kind: 'stopped'; metrics: readonly MetricSnapshot[] };

/** The variable of the environment that tells a worker its number, from 1 on. */
export const WORKER_NUMBER = 'PORTCULLIS_WORKER_NUMBER';
