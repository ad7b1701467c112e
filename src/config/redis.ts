import type { z } from 'zod';
import { milliseconds, redisUrl } from './fields.ts';

/** Where Redis is, and how it is used: for the gateway, the bank and the commands. */
export const redisShape = {
  REDIS_URL: redisUrl().default('redis://127.0.0.1:6379').describe('URL of Redis or Valkey'),
  REDIS_DEADLINE_MS: milliseconds(20, 900, 500).describe('timeout of a Redis command or connection attempt'),
} satisfies z.ZodRawShape;
