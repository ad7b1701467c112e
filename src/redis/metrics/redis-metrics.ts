import { gauge } from '../../metrics/gauge.ts';
import type { Metric } from '../../metrics/metric.ts';
import type { RedisStore } from '../store.ts';
import { redisCommands } from './commands.ts';
import { type MeasuredServer, serverMetrics } from './server-metrics.ts';

export interface RedisMetricsSources {
  redis: Pick<RedisStore, 'ready'>;
  /** What reads the servers once a second, if something does. */
  monitor?: { readonly servers: readonly MeasuredServer[] } | undefined;
}

/**
 * Redis as this process sees it. The state is that of its store; commands and connections are counted for the whole
 * process.
 */
export const redisMetrics = (of: RedisMetricsSources): Metric[] => [
  gauge('portcullis_redis_connected', '1 if commands can be sent to Redis now, or else 0.', () =>
    of.redis.ready ? 1 : 0,
  ),
  redisCommands.connections,
  redisCommands.commands,
  redisCommands.duration,
  ...serverMetrics(() => of.monitor?.servers ?? []),
];
