import { expect } from 'vitest';
import type { TestGateway } from './gateway.ts';
import type { Upstream } from './upstream.ts';

export interface Problem {
  status: number;
  code: unknown;
}

export interface ExpectedRefusal extends Problem {
  /** How many commands Redis may have been asked; none unless given. */
  redisCommands?: number;
}

/** Asserts that a request is refused in this way, that the bank is not called and that Redis is not asked. */
export async function expectRefusal(
  { gateway, bank }: { gateway: TestGateway; bank: Upstream },
  send: () => Promise<Problem>,
  { redisCommands = 0, ...problem }: ExpectedRefusal,
): Promise<void> {
  const bankBefore = bank.count;
  const redisBefore = await gateway.redis.commandCount();
  expect(await send()).toEqual(problem);
  expect(bank.count - bankBefore, 'requests to the bank').toBe(0);
  expect((await gateway.redis.commandCount()) - redisBefore, 'commands to Redis').toBe(redisCommands);
}
