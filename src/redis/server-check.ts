import type { Logger } from '../log.ts';
import type { RedisClient } from './connection.ts';
import type { ServerLink } from './store.ts';

/**
 * Warns once, when Redis becomes available, if the server may lose what is stored: by evicting keys when its memory is
 * full, or by a restart without an append-only file. `INFO` tells both; managed servers often deny `CONFIG`.
 */
export function checkServerOnce(link: ServerLink, log: Logger): void {
  let isChecked = false;
  link.onReady(() => {
    if (isChecked) return;
    isChecked = true;
    void checkServer(link, log);
  });
}

async function checkServer(link: ServerLink, log: Logger): Promise<void> {
  try {
    const info = fieldsOf(await link.run(infoOf));
    const policy = info.get('maxmemory_policy');
    if (policy !== undefined && policy !== 'noeviction')
      log.warn({ event: 'redis_evicts', policy }, 'Redis may evict sessions and records: set noeviction');
    if (info.get('aof_enabled') === '0')
      log.warn({ event: 'redis_not_durable' }, 'Redis loses data at a restart: turn the append-only file on');
    if (policy === undefined || !info.has('aof_enabled'))
      log.info({ event: 'redis_not_checked' }, NOT_CHECKED);
  } catch (err) {
    log.info({ event: 'redis_not_checked', err }, NOT_CHECKED);
  }
}

const NOT_CHECKED = 'the eviction policy and the append-only file of Redis could not be checked';

const infoOf = (client: RedisClient): Promise<string> => client.info();

/** The fields of a reply to `INFO`, which has one `name:value` per line. */
const fieldsOf = (info: string): Map<string, string> =>
  new Map(
    info.split('\r\n').flatMap((line) => {
      const [name, value] = line.split(':', 2);
      return name === undefined || value === undefined ? [] : [[name, value] as const];
    }),
  );
