import { setTimeout as delay } from 'node:timers/promises';
import { startTestRedis } from '../../test/support/redis.ts';
import { startRelay } from './relay.ts';
import type { Topology } from './topology.ts';

/** The process that reaches Redis through a relay. All others have a connection of their own. */
const RELAYED = 'gateway-1';

/**
 * One Redis with an append-only file that is synced every second. The file survives the end of the process, so a kill
 * loses nothing that was acknowledged; only the loss of the machine would.
 */
export async function startSingle(): Promise<Topology> {
  const redis = await startTestRedis({ persist: true, tcp: true });
  const port = Number(new URL(redis.tcpUrl ?? '').port);
  const relay = await startRelay(port);
  return {
    name: 'single',
    settingsFor: (process) => ({
      REDIS_URL: process === RELAYED ? `redis://127.0.0.1:${relay.port}` : redis.url,
    }),
    statedLoss: undefined,
    faults: [
      {
        name: 'redis-kill',
        strike: async (lengthMs) => {
          await redis.kill();
          await delay(lengthMs);
          await redis.restart();
        },
      },
      { name: 'redis-restart', strike: () => redis.restart() },
      {
        name: 'redis-freeze',
        strike: async (lengthMs) => {
          redis.freeze();
          await delay(lengthMs);
          redis.thaw();
        },
      },
      {
        name: 'connections-cut',
        strike: async () => relay.cut(),
      },
      {
        name: 'connections-stalled',
        strike: async (lengthMs) => {
          relay.stall();
          await delay(lengthMs);
          relay.resume();
        },
      },
    ],
    primaries: async () => [redis.url],
    processes: () => [{ name: 'redis', pid: redis.pid }],
    stop: async () => {
      await relay.close();
      await redis.stop();
    },
  };
}
