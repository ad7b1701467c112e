import type { SharedSetup } from '../contestant.ts';

/** The environment of a peer, under the gateway's names where it has the setting. */
export const environmentOf = (shared: SharedSetup): Record<string, string> => ({
  NODE_ENV: 'production',
  BANK_URL: shared.upstreamUrl,
  REDIS_URL: shared.redis.url,
  ISSUER: shared.issuer,
  AUDIENCE: shared.audience,
  PUBLIC_KEY: shared.publicKeyPem,
  SESSION_SECRET: shared.sessionSecret,
});
