import { auditLines, type Logger } from '../log.ts';
import { auditChannel } from '../redis/keys.ts';
import type { RedisStore } from '../redis/store.ts';
import type { Subscriber } from '../redis/subscriber.ts';
import { ActorRate } from './actor-rate.ts';
import { type ChainedRecord, hashOf, linkOf, readRecord } from './chain.ts';

/** Longer messages are not records of the command line. */
const MAX_MESSAGE_CHARACTERS = 4096;
/** More messages are ignored, so that a flood on the channel cannot flood the log. */
const MAX_PER_MINUTE = 300;
const MINUTE_MS = 60_000;

/** Sends a record of the command line to the gateways, so that their logs have it too. @throws {RedisUnavailable} */
export async function announceRecord(redis: RedisStore, { text, hash }: ChainedRecord): Promise<void> {
  await redis.publish(auditChannel(), JSON.stringify({ text, hash }));
}

/** Logs each record of the command line, so that it is noticed if one is removed from Redis. */
export function logAnnouncedRecords(subscriber: Subscriber, log: Logger): void {
  const lines = auditLines(log);
  const rate = new ActorRate(MAX_PER_MINUTE, MINUTE_MS);
  const onMessage = (message: string): void => {
    if (!rate.take(auditChannel(), Date.now())) return;
    const record = readAnnouncement(message);
    if (record === undefined)
      log.warn({ event: 'audit_announcement_invalid' }, 'an audit announcement is malformed');
    else lines.info({ event: 'audit_announced', log: 'security', ...record });
  };
  subscriber.subscribe(auditChannel(), onMessage);
}

function readAnnouncement(message: string): { record: Record<string, unknown>; hash: string } | undefined {
  if (message.length > MAX_MESSAGE_CHARACTERS) return undefined;
  const { text, hash } = readRecord(message);
  if (typeof text !== 'string' || typeof hash !== 'string' || hashOf(text) !== hash) return undefined;
  return linkOf(text).seq === undefined ? undefined : { record: readRecord(text), hash };
}
