import { gauge } from '../../metrics/gauge.ts';
import type { Metric } from '../../metrics/metric.ts';
import type { RedisStore } from '../store.ts';
import { redisCommands } from './commands.ts';

/** Redis as this process sees it. The state is that of `store`; commands are counted for the whole process. */
export const redisMetrics = (store: Pick<RedisStore, 'ready'>): Metric[] => [
  gauge('portcullis_redis_connected', '1 if commands can be sent to Redis now, or else 0.', () =>
    store.ready ? 1 : 0,
  ),
  redisCommands.connections,
  redisCommands.commands,
  redisCommands.duration,
];
