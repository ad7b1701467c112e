import { pino } from 'pino';
import { test as base } from 'vitest';
import { gatewaySettings } from '../../../src/config/load.ts';
import { RedisLink } from '../../../src/redis/connection.ts';
import { createMonitor, openStore, type RedisSettings } from '../../../src/redis/open.ts';
import type { ServerMonitor } from '../../../src/redis/server/monitor.ts';
import type { RedisRights } from '../../../src/redis/server/rights.ts';
import type { RedisStore } from '../../../src/redis/store.ts';
import { startTestRedis, type TestRedis } from '../../support/redis.ts';

export type Line = Record<string, unknown> & { event?: string };

/** A store with its monitor, and what they log. */
export interface Watched {
  store: RedisStore;
  monitor: ServerMonitor;
  lines: Line[];
  /** The codes of the faults that the monitor reports now. */
  codes(): string[];
}

interface WatchedOptions extends Partial<RedisSettings> {
  rights?: RedisRights;
  now?: () => number;
}

/** Opens a store with a monitor. The caller closes the store. */
export function openWatched(redisUrl: string, { rights, now, ...more }: WatchedOptions = {}): Watched {
  const lines: Line[] = [];
  const log = pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line)) });
  const given = gatewaySettings({ REDIS_URL: redisUrl, REDIS_DEADLINE_MS: '900' });
  const settings = { ...given, ...more };
  const monitor = createMonitor(settings, { log, rights, now });
  const store = openStore(settings, { log, monitor });
  return { store, monitor, lines, codes: () => monitor.faults.map(({ code }) => code) };
}

/** A `test` with a Redis that listens on TCP and stores its data, and a connection of the test's own (`command`). */
export const watchedTest = base
  .extend('redis', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestRedis> => {
    const redis = await startTestRedis({ tcp: true, persist: true });
    onCleanup(() => redis.stop());
    return redis;
  })
  .extend('admin', { scope: 'file' }, async ({ redis }, { onCleanup }): Promise<RedisLink> => {
    const admin = new RedisLink({ url: redis.url, deadlineMs: 900, log: pino({ level: 'silent' }) });
    onCleanup(() => admin.close());
    await admin.whenReady(30_000);
    return admin;
  })
  .extend(
    'command',
    ({ admin }) =>
      (...words: string[]): Promise<unknown> =>
        admin.run((client) => client.sendCommand(words)),
  )
  .extend('watch', ({ redis }, { onCleanup }) => {
    const opened: Watched[] = [];
    onCleanup(() => {
      for (const { store } of opened) store.close();
    });
    return (options: WatchedOptions = {}, url = redis.url): Watched => {
      const watched = openWatched(url, options);
      opened.push(watched);
      return watched;
    };
  });
