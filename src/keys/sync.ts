import { setTimeout as delay } from 'node:timers/promises';
import type { RedisLink } from '../redis/connection.ts';
import { ringAcknowledgedKey, ringChannel } from '../redis/keys.ts';
import type { RingRecord } from './schedule.ts';

/**
 * How a change of the ring gets around faster than by looking at the file each second. Redis carries only the
 * news that there is something to read; the ring itself is always read from its directory.
 */

const KNOWN_FOR_SECONDS = 60;
const POLL_MS = 20;

/** Which ring, and which state of it. */
export type RingVersion = Pick<RingRecord, 'id' | 'version'>;

/** How many gateway processes listen, and how many of them have read the ring. */
export interface RingRollout {
  listening: number;
  acknowledged: number;
}

/** Tells all gateway processes, and waits at most `waitMs` until they have read it. @throws {RedisUnavailable} */
export async function announceRing(
  redis: RedisLink,
  { id, version }: RingVersion,
  waitMs: number,
): Promise<RingRollout> {
  const listening = await redis.run((client) => client.publish(ringChannel(), `${id} ${version}`));
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const knowing = await redis.run((client) => client.sCard(ringAcknowledgedKey(id, version)));
    if (knowing >= listening || performance.now() >= deadlineMs) return { listening, acknowledged: knowing };
    await delay(POLL_MS);
  }
}

/** Says that the process `gatewayId` has read the ring. @throws {RedisUnavailable} */
export async function acknowledgeRing(
  redis: RedisLink,
  { id, version }: RingVersion,
  gatewayId: string,
): Promise<void> {
  const key = ringAcknowledgedKey(id, version);
  await redis.run((client) => client.multi().sAdd(key, gatewayId).expire(key, KNOWN_FOR_SECONDS).exec());
}

/** What a message says, or undefined when `spreadRing` has not written it. */
export function readAnnouncement(message: string): RingVersion | undefined {
  const [, id, version] = /^([\w-]{22}) ([1-9]\d{0,14})$/.exec(message) ?? [];
  return id === undefined || version === undefined ? undefined : { id, version: Number(version) };
}
