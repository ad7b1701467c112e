import { z } from 'zod';
import type { RedisLink } from '../../redis/connection.ts';
import { Refusal } from '../../refusal.ts';
import { refuse } from '../decision-log.ts';
import type { GatewayContext } from '../pipeline/guards.ts';

export interface HealthDeps {
  redis: RedisLink;
}

export const livezResponseSchema = z.strictObject({ status: z.literal('alive') });
export const readyzResponseSchema = z.strictObject({ status: z.literal('ready') });

/** The process is up. It asks nobody: a restart would not mend Redis. */
export const livez = (c: GatewayContext): Response =>
  c.json({ status: 'alive' } satisfies z.output<typeof livezResponseSchema>);

/** Redis answers, so that requests can be judged. The keys are there, or the process would not have started. */
export const readyz =
  ({ redis }: HealthDeps) =>
  async (c: GatewayContext): Promise<Response> => {
    const answer = await redis.run((client) => client.ping());
    if (answer !== 'PONG') return refuse(c.env, new Refusal('redis_unavailable'));
    return c.json({ status: 'ready' } satisfies z.output<typeof readyzResponseSchema>);
  };
