import { setTimeout as delay } from 'node:timers/promises';
import { type RedisReplicas, startRedisReplicas } from '../../test/support/redis-replicas.ts';
import { confirmedBy, LOSES_SESSIONS } from './replicated.ts';
import type { Fault, Topology } from './topology.ts';

const SWITCH_TIMEOUT_MS = 60_000;
/** Longer than the Sentinels wait before they take a server for down. */
const FREEZE_MIN_MS = 1500;

/** A primary with two replicas, watched by three Sentinels. */
export async function startSentinel(): Promise<Topology> {
  const redis = await startRedisReplicas();
  return {
    name: 'sentinel',
    settingsFor: () => ({ REDIS_SENTINELS: redis.addresses, ...confirmedBy(2) }),
    statedLoss: LOSES_SESSIONS,
    faults: faultsOf(redis),
    primaries: async () => [(await redis.primary()).url],
    processes: () => redis.servers.map(({ pid }, n) => ({ name: `redis-${n}`, pid })),
    stop: () => redis.stop(),
  };
}

const faultsOf = (redis: RedisReplicas): Fault[] => [
  {
    name: 'primary-kill',
    causesLoss: true,
    strike: async () => {
      const primary = await redis.primary();
      await primary.kill();
      await redis.switchedFrom(primary, SWITCH_TIMEOUT_MS);
      await primary.start();
      await redis.settled(SWITCH_TIMEOUT_MS);
    },
  },
  {
    name: 'primary-freeze',
    causesLoss: true,
    strike: async (lengthMs) => {
      const primary = await redis.primary();
      primary.freeze();
      await delay(FREEZE_MIN_MS + lengthMs);
      primary.thaw();
      await redis.settled(SWITCH_TIMEOUT_MS);
    },
  },
  {
    name: 'primary-isolated',
    causesLoss: true,
    strike: async (lengthMs) => {
      const primary = await redis.primary();
      await redis.isolate(primary);
      await delay(FREEZE_MIN_MS + lengthMs);
      await redis.rejoin(primary);
      await redis.settled(SWITCH_TIMEOUT_MS);
    },
  },
  {
    name: 'planned-failover',
    causesLoss: true,
    strike: async () => {
      const primary = await redis.primary();
      await redis.failOver();
      await redis.switchedFrom(primary, SWITCH_TIMEOUT_MS);
      await redis.settled(SWITCH_TIMEOUT_MS);
    },
  },
  {
    name: 'sentinel-kill',
    strike: async (lengthMs) => {
      const sentinel = redis.sentinels[lengthMs % redis.sentinels.length];
      await sentinel?.kill();
      await delay(lengthMs);
      await sentinel?.start();
      await redis.settled(SWITCH_TIMEOUT_MS);
    },
  },
];
