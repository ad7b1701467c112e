import { z } from 'zod';
import type { RingSource } from '../../../keys/key-ring.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';

export interface KeysDeps {
  ring: RingSource;
  keyPublishLeadSeconds: number;
}

export const jwksResponseSchema = z.strictObject({
  keys: z.array(
    z.strictObject({
      kty: z.literal('RSA'),
      n: z.string(),
      e: z.string(),
      kid: z.string().describe('RFC 7638 thumbprint'),
      alg: z.literal('PS256'),
      use: z.literal('sig'),
    }),
  ),
});

const MAX_REMEMBERED_SECONDS = 60;

/** The public keys (RFC 7517, section 5). Short caching: others have to learn of a new key before it signs. */
export const jwks =
  ({ ring, keyPublishLeadSeconds }: KeysDeps) =>
  (c: GatewayContext): Response => {
    const seconds = Math.min(MAX_REMEMBERED_SECONDS, Math.floor(keyPublishLeadSeconds / 2));
    c.header('cache-control', `public, max-age=${seconds}`);
    return c.json(ring.at(c.env.nowMs).jwks);
  };
