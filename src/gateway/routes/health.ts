import { z } from 'zod';
import { ANYONE, type Operation, ok } from '../../http/operation.ts';
import { problemMembers } from '../../http/problem.ts';
import type { Stopping } from '../../http/stopping.ts';
import type { RedisStore } from '../../redis/store.ts';
import { Refusal } from '../../refusal.ts';
import { refuse } from '../decision-log.ts';
import type { HealthServerOptions } from '../edge/health-server.ts';
import type { GatewayContext } from '../pipeline/guards.ts';
import { GATEWAY_PROBLEMS, type GatewayReason } from '../problems/table.ts';

const livezResponseSchema = z.strictObject({ status: z.literal('alive') });
const readyzResponseSchema = z.strictObject({ status: z.literal('ready') });

export const healthOperations: readonly Operation<GatewayReason>[] = [
  {
    method: 'get',
    path: '/livez',
    id: 'getLiveness',
    tag: 'Service',
    summary: 'Liveness probe',
    access: ANYONE,
    responses: ok('The process is running.', livezResponseSchema),
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'getReadiness',
    tag: 'Service',
    summary: 'Readiness probe',
    access: ANYONE,
    responses: ok('Redis is reachable.', readyzResponseSchema),
    refusals: ['redis_unavailable', 'stopping'],
  },
];

export interface HealthDeps {
  redis: RedisStore;
  stopping: Stopping;
}

/** Whether Redis responds. The keys have been loaded, because the process does not start without them. @throws {RedisUnavailable} */
export const isReady = async (redis: RedisStore): Promise<boolean> => {
  await redis.ping();
  return true;
};

/** Depends on nothing else, because restarting the process would not fix Redis. */
export const livez = (c: GatewayContext): Response =>
  c.json({ status: 'alive' } satisfies z.output<typeof livezResponseSchema>);

/** Depends on Redis, and ends when the process is asked to stop. */
export const readyz =
  ({ redis, stopping }: HealthDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    if (stopping.hasBegun) return refuse(c.env, new Refusal('stopping'));
    if (!(await isReady(redis))) return refuse(c.env, new Refusal('redis_unavailable'));
    return c.json({ status: 'ready' } satisfies z.output<typeof readyzResponseSchema>);
  };

/** The health checks of the private listener. `ready` may reject. */
export const privateHealthRoutes = (ready: () => Promise<boolean>): HealthServerOptions['routes'] => ({
  '/livez': () => ({ status: 200, type: 'application/json', body: JSON.stringify({ status: 'alive' }) }),
  '/readyz': async () => {
    if (await ready().catch(() => false))
      return { status: 200, type: 'application/json', body: JSON.stringify({ status: 'ready' }) };
    const definition = GATEWAY_PROBLEMS.redis_unavailable;
    const body = JSON.stringify(problemMembers(definition));
    return { status: definition.status, type: 'application/problem+json', body };
  },
});
