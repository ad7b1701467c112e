import { expect } from 'vitest';
import type { TestGateway } from './gateway.ts';
import type { Upstream } from './upstream.ts';

export interface Problem {
  status: number;
  code: unknown;
}

export interface ExpectedRefusal extends Problem {
  /** How many commands Redis may receive. Defaults to none. */
  redisCommands?: number;
}

/**
 * Asserts that a request is refused with this problem, and that the upstream and Redis receive nothing. It is not for
 * gateways with live responses, which are checked again at any time.
 */
export async function expectRefusal(
  { gateway, upstream }: { gateway: TestGateway; upstream: Upstream },
  send: () => Promise<Problem>,
  { redisCommands = 0, ...problem }: ExpectedRefusal,
): Promise<void> {
  const upstreamBefore = upstream.count;
  const commands = await gateway.redis.commandsDuring(async () => expect(await send()).toEqual(problem));
  expect(upstream.count - upstreamBefore, 'requests to the upstream').toBe(0);
  expect(commands, 'commands to Redis').toHaveLength(redisCommands);
}
