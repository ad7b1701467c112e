import type { RedisAuditLog } from '../../audit/audit-log.ts';
import { EventLoopDelay } from '../../metrics/event-loop.ts';
import { expositionFor } from '../../metrics/exposition.ts';
import type { Metric } from '../../metrics/metric.ts';
import { processMetrics } from '../../metrics/process.ts';
import { type RedisMetricsSources, redisMetrics } from '../../redis/metrics/redis-metrics.ts';
import type { PrivateRoute } from '../edge/health-server.ts';
import type { RequestMetrics } from './request-metrics.ts';
import { type MeasuredResources, resourceMetrics } from './resource-metrics.ts';
import { type MeasuredRevocations, revocationMetrics } from './revocation-metrics.ts';

export interface GatewayMetricsSources extends MeasuredResources, MeasuredRevocations, RedisMetricsSources {
  audit: Pick<RedisAuditLog, 'exportState' | 'counters'>;
  requests: Pick<RequestMetrics, 'all'>;
  eventLoop: Pick<EventLoopDelay, 'metric'>;
}

/** All metrics of a gateway. */
export const gatewayMetrics = (of: GatewayMetricsSources): Metric[] => [
  ...of.requests.all,
  ...of.audit.counters.metrics,
  ...resourceMetrics(of),
  ...revocationMetrics(of),
  ...redisMetrics(of),
  ...processMetrics(),
  of.eventLoop.metric,
];

/** All metrics of a running gateway. What it opens is put on the stack. */
export function openMetrics(
  of: Omit<GatewayMetricsSources, 'eventLoop'>,
  started: AsyncDisposableStack,
): readonly Metric[] {
  const eventLoop = started.adopt(new EventLoopDelay(), (open) => open.close());
  return gatewayMetrics({ ...of, eventLoop });
}

/** `GET /metrics` on the private listener, in the Prometheus text format or in OpenMetrics. */
export const metricsRoute =
  (read: () => readonly Metric[] | Promise<readonly Metric[]>): PrivateRoute =>
  async ({ headers }) => {
    const { contentType, write } = expositionFor(headers.accept);
    return { status: 200, type: contentType, body: write(await read()) };
  };
