import type { z } from 'zod';
import { integer, milliseconds } from './fields.ts';

const MIB = 1024 * 1024;

/** The gateway's limits and timeouts, towards clients and towards the upstream. */
export const limitsShape = {
  HEADER_MAX_BYTES: integer(1024, 1_048_576)
    .default(16_384)
    .describe('maximum size of the request line and headers'),
  PATH_MAX_BYTES: integer(64, 65_536)
    .default(4096)
    .describe('maximum size of the request path; the query is limited by `HEADER_MAX_BYTES` only'),
  BODY_MAX_BYTES: integer(0, 1024 * 1024 * MIB)
    .default(10 * MIB)
    .describe('maximum body size of a proxied request'),
  AUTH_BODY_MAX_BYTES: integer(256, MIB)
    .default(16_384)
    .describe("maximum body size of a request to the gateway's own routes"),
  HELD_BODY_MAX_BYTES: integer(0, 16 * MIB)
    .default(65_536)
    .describe(
      'maximum size of a proxied body that is received completely before the request is checked and sent',
    ),
  HELD_BODIES_MAX_BYTES: integer(65_536, 1024 * 1024 * MIB)
    .default(64 * MIB)
    .describe('maximum memory for the held bodies of all users together'),
  HELD_BODIES_PER_USER_MAX_BYTES: integer(65_536, 1024 * 1024 * MIB)
    .default(2 * MIB)
    .describe('maximum memory for the held bodies of one user'),
  HELD_BODY_TIMEOUT_MS: milliseconds(100, 600_000, 30_000).describe(
    'timeout for receiving a body that is held until it is complete',
  ),
  OWN_BODY_TIMEOUT_MS: milliseconds(100, 600_000, 10_000).describe(
    "timeout for receiving the body of a request to the gateway's own routes",
  ),
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
  CONNECTIONS_MAX: integer(1, 1_000_000)
    .default(10_000)
    .describe(
      'maximum concurrent client connections; beyond it, the one that has been idle longest is closed',
    ),
  CONNECTIONS_PER_NETWORK_MAX: integer(1, 1_000_000)
    .optional()
    .describe(
      'maximum concurrent connections of one IPv4 address or IPv6 /64 (a /56 twice, a /48 four times as many), except of `TRUSTED_PROXIES`; defaults to 5 % of `CONNECTIONS_MAX`',
    ),
  PIPELINED_REQUESTS_MAX: integer(1, 1000)
    .default(8)
    .describe(
      'maximum unanswered requests of one connection; it is not read further until a response has been sent',
    ),
  BANK_CONNECTIONS_MAX: integer(1, 65_535)
    .default(256)
    .describe('maximum concurrent connections to the upstream for requests'),
  BANK_REQUESTS_PER_USER_MAX: integer(1, 65_535)
    .default(12)
    .describe('maximum concurrent upstream requests per user, event streams excluded'),
  BANK_STREAMS_MAX: integer(1, 65_535)
    .default(4096)
    .describe('maximum concurrent event streams from the upstream; each has a connection of its own'),
  BANK_STREAMS_PER_USER_MAX: integer(1, 65_535)
    .default(8)
    .describe('maximum concurrent event streams from the upstream per user'),
  SESSION_EVENTS_PER_USER_MAX: integer(1, 65_535)
    .default(32)
    .describe('maximum concurrent streams of session events per user'),
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

/** The share of one network, unless it is set. */
const NETWORK_SHARE = 0.05;

/** The most connections of one network, by default a part of all. */
export const connectionsPerNetwork = (settings: {
  connectionsMax: number;
  connectionsPerNetworkMax?: number | undefined;
}): number => settings.connectionsPerNetworkMax ?? Math.ceil(settings.connectionsMax * NETWORK_SHARE);
