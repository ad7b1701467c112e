import type { z } from 'zod';
import { integer, milliseconds } from './fields.ts';

const MIB = 1024 * 1024;

/** The gateway's limits and timeouts, towards clients and towards the upstream. */
export const limitsShape = {
  HEADER_MAX_BYTES: integer(1024, 1_048_576)
    .default(16_384)
    .describe('maximum size of the request line and headers'),
  BODY_MAX_BYTES: integer(0, 1024 * 1024 * MIB)
    .default(10 * MIB)
    .describe('maximum body size of a proxied request'),
  AUTH_BODY_MAX_BYTES: integer(256, MIB)
    .default(16_384)
    .describe("maximum body size of a request to the gateway's own routes"),
  HEADERS_TIMEOUT_MS: milliseconds(100, 600_000, 10_000).describe(
    'timeout for receiving the request headers',
  ),
  REQUEST_TIMEOUT_MS: milliseconds(100, 86_400_000, 300_000).describe(
    'timeout for receiving the whole request, including its body',
  ),
  IDLE_TIMEOUT_MS: milliseconds(100, 3_600_000, 60_000).describe('idle timeout of a client connection'),
  KEEP_ALIVE_TIMEOUT_MS: milliseconds(0, 600_000, 65_000).describe(
    'idle timeout of a client connection between two requests',
  ),
  CONNECTIONS_MAX: integer(1, 1_000_000).default(10_000).describe('maximum concurrent client connections'),
  BANK_CONNECTIONS_MAX: integer(1, 65_535)
    .default(256)
    .describe('maximum concurrent connections to the upstream'),
  BANK_REQUESTS_PER_USER_MAX: integer(1, 65_535)
    .default(64)
    .describe('maximum concurrent upstream requests per user, including event streams'),
  BANK_QUEUE_MAX: integer(0, 1_000_000)
    .default(1024)
    .describe('maximum requests that wait for a connection to the upstream'),
  BANK_CONNECT_TIMEOUT_MS: milliseconds(50, 60_000, 2000).describe('timeout for connecting to the upstream'),
  BANK_FIRST_BYTE_TIMEOUT_MS: milliseconds(50, 3_600_000, 30_000).describe(
    "timeout for the start of the upstream's response",
  ),
  BANK_IDLE_TIMEOUT_MS: milliseconds(50, 3_600_000, 60_000).describe(
    "idle timeout of the upstream's response",
  ),
} satisfies z.ZodRawShape;
