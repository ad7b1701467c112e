import type { RingSource } from '../../token/key-ring.ts';
import type { GatewayContext } from '../admission.ts';

export interface KeysParts {
  ring: RingSource;
}

/** The public keys (RFC 7517, section 5). Short caching: a bank has to learn of a new key before it is used. */
export const jwks =
  ({ ring }: KeysParts) =>
  (c: GatewayContext): Response => {
    c.header('cache-control', 'public, max-age=60');
    return c.json(ring.at(c.env.nowMs).jwks);
  };
