import { join } from 'node:path';
import type { GatewaySettings } from '../config/load.ts';
import { RESET_TTL_SECONDS } from '../jwt/reset-token.ts';
import type { Logger } from '../log.ts';
import type { RedisLink } from '../redis/connection.ts';
import { LiveRing } from './live-ring.ts';
import { fixedRing, InvalidKeyError, keyRingFromPem, type RingSource } from './ring.ts';

type KeySettings = Pick<
  GatewaySettings,
  'nodeEnv' | 'signingKey' | 'keysDir' | 'dataDir' | 'accessTokenTtlSeconds'
>;

/** The ring as a running gateway uses it. */
export interface OpenRing extends RingSource {
  /** Hears of changes through `listener`, and says through `redis` when they are known here. */
  listen(listener: RedisLink, redis: RedisLink): void;
  close(): void;
}

/** Where the keys are that are not given as settings. */
export const keysDirectory = ({ keysDir, dataDir }: KeySettings): string => keysDir ?? join(dataDir, 'keys');

/** The longest life of any token that is signed with the ring, in seconds. */
export const longestTokenSeconds = ({ accessTokenTtlSeconds }: KeySettings): number =>
  Math.max(accessTokenTtlSeconds, RESET_TTL_SECONDS);

/**
 * The ring that the settings name: the keys of `SIGNING_KEY`, for good, or the ring of a directory, as it changes.
 * @throws {InvalidKeyError} when it can't be used; in production also when there is none, for nothing is made there.
 */
export async function openKeyRing(settings: KeySettings, log: Logger, nowMs: number): Promise<OpenRing> {
  const { signingKey, keysDir, nodeEnv } = settings;
  if (signingKey !== undefined && keysDir !== undefined)
    throw new InvalidKeyError('SIGNING_KEY: give it or KEYS_DIR, not both');
  if (signingKey !== undefined) {
    const ring = fixedRing(await keyRingFromPem(signingKey));
    return { ...ring, listen: () => {}, close: () => {} };
  }
  const start = {
    directory: keysDirectory(settings),
    mayMake: nodeEnv !== 'production',
    tokensLiveSeconds: longestTokenSeconds(settings),
  };
  return LiveRing.open(start, log, nowMs);
}
