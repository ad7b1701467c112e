import type { RedisLink } from '../../redis/connect.ts';
import { Refusal } from '../../refusal.ts';
import type { GatewayContext } from '../admission.ts';
import { refuse } from '../arrival.ts';

export interface HealthParts {
  redis: RedisLink;
}

/** The process is up. It asks nobody: a restart would not mend Redis. */
export const livez = (c: GatewayContext): Response => c.json({ status: 'alive' });

/** Redis answers, so that requests can be judged. The keys are there, or the process would not have started. */
export const readyz =
  ({ redis }: HealthParts) =>
  async (c: GatewayContext): Promise<Response> => {
    const answer = await redis.run((client) => client.ping());
    return answer === 'PONG' ? c.json({ status: 'ready' }) : refuse(c.env, new Refusal('redis_unavailable'));
  };
