import { setTimeout as delay } from 'node:timers/promises';
import { ringAcknowledgedKey, ringChannel } from '../redis/keys.ts';
import type { RedisStore } from '../redis/store.ts';
import type { RingRecord } from './schedule.ts';

/**
 * Announces changes of the ring, so that gateways notice them before their next poll. Redis carries only the version
 * that can be read; the ring itself is always read from its directory.
 */

const ACKNOWLEDGED_TTL_SECONDS = 60;
const POLL_MS = 20;

/** A version of a ring. */
export type RingVersion = Pick<RingRecord, 'id' | 'version'>;

/** How many gateway processes listen to announcements, and how many have acknowledged a version. */
export interface RingRollout {
  listening: number;
  acknowledged: number;
}

/** Announces a version and waits at most `waitMs` until all gateways have read it. @throws {RedisUnavailable} */
export async function announceRing(
  redis: RedisStore,
  { id, version }: RingVersion,
  waitMs: number,
): Promise<RingRollout> {
  const listening = await redis.publish(ringChannel(), `${id} ${version}`);
  const key = ringAcknowledgedKey(id, version);
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const acknowledged = await redis.runFor(key, (client) => client.sCard(key));
    if (acknowledged >= listening || performance.now() >= deadlineMs) return { listening, acknowledged };
    await delay(POLL_MS);
  }
}

/** Records that a gateway process has read a version. @throws {RedisUnavailable} */
export async function acknowledgeRing(
  redis: RedisStore,
  { id, version }: RingVersion,
  gatewayId: string,
): Promise<void> {
  const key = ringAcknowledgedKey(id, version);
  await redis.runFor(key, (client) =>
    client.multi().sAdd(key, gatewayId).expire(key, ACKNOWLEDGED_TTL_SECONDS).exec(),
  );
}

/** Parses an announcement, or gives undefined for a message that `announceRing` cannot have sent. */
export function readAnnouncement(message: string): RingVersion | undefined {
  const [, id, version] = /^([\w-]{22}) ([1-9]\d{0,14})$/.exec(message) ?? [];
  return id === undefined || version === undefined ? undefined : { id, version: Number(version) };
}
