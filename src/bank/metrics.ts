import { createServer, type Server } from 'node:http';
import { sendProblem } from '../http/problem.ts';
import { Counter } from '../metrics/counter.ts';
import type { EventLoopDelay } from '../metrics/event-loop.ts';
import { expositionFor } from '../metrics/exposition.ts';
import { gauge } from '../metrics/gauge.ts';
import { Histogram } from '../metrics/histogram.ts';
import type { Metric } from '../metrics/metric.ts';
import { processMetrics } from '../metrics/process.ts';
import { type RedisMetricsSources, redisMetrics } from '../redis/metrics/redis-metrics.ts';
import { BANK_PROBLEMS, type BankReason } from './problems.ts';
import type { UserShare } from './user-share.ts';

/** A request takes no longer than this; a connection may then be used again for as long. */
const TIMEOUT_MS = 5000;
const CONNECTIONS_MAX = 64;

const CLASSES = ['2xx', '3xx', '4xx', '5xx'] as const;
const ROUTES = ['transfers', 'other'] as const;

export interface BankMetricsSources extends RedisMetricsSources {
  streams: Pick<UserShare, 'total'>;
  searches: Pick<UserShare, 'total'>;
  eventLoop: Pick<EventLoopDelay, 'metric'>;
}

/** What a bank has responded, and how long that took. */
export class BankMetrics {
  readonly #responses = new Counter(
    'portcullis_bank_responses_total',
    'Responses of the bank by class of their status. A transfer that was posted is a 2xx.',
    { class: CLASSES, route: ROUTES },
  );
  readonly #refused = new Counter(
    'portcullis_bank_requests_refused_total',
    'Requests that the bank refused, by the reason that its log has too.',
    { reason: Object.keys(BANK_PROBLEMS) },
  );
  readonly #duration = new Histogram(
    'portcullis_bank_request_duration_seconds',
    'Time of a request of the bank until the head of its response.',
    { label: 'route', values: ROUTES },
  );

  /** Counts a response. `route` is its pattern, such as `/accounts/:id/transfers`. */
  count(route: string, status: number, reason: BankReason | undefined, startedMs: number): void {
    const kind = route.endsWith('/transfers') ? 'transfers' : 'other';
    this.#responses.add(CLASSES[Math.floor(status / 100) - 2], kind);
    if (reason !== undefined) this.#refused.add(reason);
    this.#duration.of[kind].observeSince(startedMs);
  }

  /** All metrics of a bank. */
  all(of: BankMetricsSources): Metric[] {
    return [
      this.#responses,
      this.#refused,
      this.#duration,
      gauge('portcullis_bank_open_streams', 'Open event streams of the bank.', () => of.streams.total),
      gauge('portcullis_bank_searches', 'Searches in progress at the bank.', () => of.searches.total),
      ...redisMetrics(of),
      ...processMetrics(),
      of.eventLoop.metric,
    ];
  }
}

/** A server for `GET /metrics` alone, on a private address. It asks nobody, so it responds while Redis is down. */
export function createMetricsServer(metrics: readonly Metric[]): Server {
  const timeouts = { headersTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS, keepAliveTimeout: TIMEOUT_MS };
  const server = createServer(timeouts, (incoming, outgoing) => {
    incoming.resume();
    if (incoming.method !== 'GET' || incoming.url?.split('?', 1)[0] !== '/metrics') {
      sendProblem(outgoing, BANK_PROBLEMS.route_unknown);
      return;
    }
    const { contentType, write } = expositionFor(incoming.headers.accept);
    outgoing.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' });
    outgoing.end(write(metrics));
  });
  server.maxConnections = CONNECTIONS_MAX;
  return server;
}
