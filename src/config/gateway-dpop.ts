import type { z } from 'zod';
import { integer, listOf, oneOf, publicUrls } from './fields.ts';

/** The gateway's settings for tokens that are bound to a key of the client (RFC 9449). */
export const dpopShape = {
  PUBLIC_URLS: publicUrls()
    .default([])
    .describe(
      'URLs by which clients reach the gateway, separated by commas, for the `htu` of DPoP proofs; by default `ISSUER`; the origin of `ISSUER`, where the web app is, is always one of them unless `ISSUER` has a path',
    ),
  DPOP_REQUIRED_ROLES: listOf(
    oneOf('user', 'supervisor', 'admin', 'super-admin'),
    'must be roles separated by commas',
  )
    .default([])
    .describe(
      'roles that can log in only with tokens that are bound to a key or a client certificate, separated by commas',
    ),
  DPOP_PROOF_MAX_AGE_SECONDS: integer(1, 600)
    .default(60)
    .describe("how far the `iat` of a DPoP proof without a nonce may be from the gateway's clock"),
  DPOP_NONCES: oneOf('off', 'on-demand', 'required')
    .default('on-demand')
    .describe(
      'whether DPoP proofs need a nonce of the gateway: `off`, `on-demand` (only if their `iat` is not accepted) or `required`',
    ),
  DPOP_NONCE_LIFETIME_SECONDS: integer(1, 86_400)
    .default(60)
    .describe('how long a nonce is the newest one; it is accepted for as long again'),
  DPOP_KEY_CACHE_MAX_BYTES: integer(0, 1_073_741_824)
    .default(16_777_216)
    .describe('memory in bytes for the imported keys of DPoP proofs, 4096 for each'),
} satisfies z.ZodRawShape;
