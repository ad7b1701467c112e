import { join } from 'node:path';
import { RESET_TTL_SECONDS } from '../jwt/reset-token.ts';
import type { Logger } from '../log.ts';
import type { RedisStore } from '../redis/store.ts';
import type { Subscriber } from '../redis/subscriber.ts';
import { changeRing } from './change.ts';
import { LiveRing } from './live-ring.ts';
import { fixedRing, InvalidKeyError, keyRingFromPem, type RingSource } from './ring.ts';
import { makeRing } from './rotation.ts';
import type { RingRecord, SigningTimes } from './schedule.ts';
import { completedKeys, readRing } from './store.ts';

interface KeySettings {
  nodeEnv: string;
  /** Pairs of private keys in PEM: RSA, and EC for assertions. */
  signingKey?: string | undefined;
  keysDir?: string | undefined;
  dataDir: string;
  accessTokenTtlSeconds: number;
}

/** The key ring of a running gateway. */
export interface OpenRing extends RingSource {
  /** Since when the present key signs, and when another key replaces it, if that is known; undefined for fixed keys. */
  signingTimes(nowMs: number): SigningTimes | undefined;
  /** Receives announcements through `subscriber` and acknowledges them through `redis`. */
  listen(subscriber: Subscriber, redis: RedisStore): void;
  close(): void;
}

/** The directory of the keys that are not given as settings. */
export const keysDirectory = ({ keysDir, dataDir }: Pick<KeySettings, 'keysDir' | 'dataDir'>): string =>
  keysDir ?? join(dataDir, 'keys');

/** The longest lifetime of any token that the ring signs, in seconds. */
export const longestTokenSeconds = ({
  accessTokenTtlSeconds,
}: Pick<KeySettings, 'accessTokenTtlSeconds'>): number => Math.max(accessTokenTtlSeconds, RESET_TTL_SECONDS);

/**
 * Opens the ring that the settings name: the fixed keys of `SIGNING_KEY`, or the ring in a directory as it changes.
 * @throws {InvalidKeyError} when it is unusable; in production also when there is none, because none is created.
 */
export async function openKeyRing(settings: KeySettings, log: Logger, nowMs: number): Promise<OpenRing> {
  const { signingKey, keysDir, nodeEnv } = settings;
  if (signingKey !== undefined && keysDir !== undefined)
    throw new InvalidKeyError('SIGNING_KEY: give it or KEYS_DIR, not both');
  if (signingKey !== undefined) {
    const ring = fixedRing(await keyRingFromPem(signingKey));
    return { ...ring, signingTimes: () => undefined, listen: () => {}, close: () => {} };
  }
  const directory = keysDirectory(settings);
  const mayCreate = nodeEnv !== 'production';
  await ensureRing({ directory, mayCreate, tokensLiveSeconds: longestTokenSeconds(settings) }, nowMs);
  return LiveRing.open(directory, log);
}

export interface EnsureRingOptions {
  directory: string;
  /** Whether a ring may be created where there is none. */
  mayCreate: boolean;
  /** The longest lifetime that this process gives to a token. It is recorded before the first token is signed. */
  tokensLiveSeconds: number;
}

/**
 * The record of the ring in a directory, which is created if necessary. Keys of versions without assertion keys get one.
 * @throws {InvalidKeyError} when there is no ring and none may be created, or when it is unusable.
 */
export async function ensureRing(
  { directory, mayCreate, tokensLiveSeconds }: EnsureRingOptions,
  nowMs: number,
): Promise<RingRecord> {
  const record = await readRing(directory);
  if (record === undefined && !mayCreate)
    throw new InvalidKeyError('KEYS_DIR: holds no key ring; `portcullis keys rotate` makes one');
  if (record === undefined) return makeRing(directory, tokensLiveSeconds, nowMs);
  const isComplete = (await completedKeys(directory, record)).length === 0;
  if (isComplete && record.tokensLiveSeconds >= tokensLiveSeconds) return record;
  return changeRing(directory, async (current = record) => ({
    record: { ...current, tokensLiveSeconds: Math.max(current.tokensLiveSeconds, tokensLiveSeconds) },
    keyFiles: await completedKeys(directory, current),
  }));
}
