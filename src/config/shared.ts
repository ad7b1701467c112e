import type { z } from 'zod';
import { audience, hosts, issuerUrl, milliseconds, oneOf } from './fields.ts';
import { redisShape } from './redis.ts';

/** The settings that the gateway and the bank share. */
export const sharedShape = {
  NODE_ENV: oneOf('development', 'production', 'test')
    .default('development')
    .describe('environment: `production` refuses what is only safe in development (docs/operations.md)'),
  LOG_LEVEL: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'silent')
    .default('info')
    .describe('minimum severity of log lines'),
  ...redisShape,
  ISSUER: issuerUrl()
    .default('http://127.0.0.1:8080')
    .describe('public URL of the gateway, the `iss` of its tokens'),
  PLAIN_HTTP_HOSTS: hosts()
    .default([])
    .describe(
      'hosts on a private network to which `BANK_URL`, `JWKS_URL` and `OTEL_EXPORTER_OTLP_ENDPOINT` may lead by http in production, separated by commas; loopback always may',
    ),
  BANK_AUDIENCE: audience()
    .default('portcullis-bank')
    .describe("`aud` of the gateway's assertions to the upstream"),
  SHUTDOWN_GRACE_MS: milliseconds(0, 600_000, 10_000).describe(
    'how long requests in progress may continue once the server stops listening',
  ),
  SHUTDOWN_SETTLE_MS: milliseconds(0, 600_000, 5000).describe(
    'how long the server goes on after a stop signal with `/readyz` at 503, so that load balancers notice; `npm start` sets it to 0',
  ),
} satisfies z.ZodRawShape;
