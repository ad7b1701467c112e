import type { Logger } from '../log.ts';
import { RedisLink } from './connection.ts';
import { checkServerOnce } from './server-check.ts';
import type { RedisStore } from './store.ts';
import { Subscriber } from './subscriber.ts';

/** Where Redis is and how it is used, as the settings say. */
export interface RedisSettings {
  /** `redis://`, `rediss://`, or `unix:///path/to.sock`. */
  redisUrl: string;
  redisDeadlineMs: number;
}

/** Opens Redis for commands. Connects in the background: use `whenReady` to wait. */
export function openStore(settings: RedisSettings, log: Logger): RedisStore {
  const link = linkTo(settings, log);
  checkServerOnce(link, log);
  return link;
}

/** Opens a connection for messages alone. */
export const openSubscriber = (settings: RedisSettings, log: Logger): Subscriber =>
  new Subscriber({ link: linkTo(settings, log), log });

const linkTo = ({ redisUrl, redisDeadlineMs }: RedisSettings, log: Logger): RedisLink =>
  new RedisLink({ url: redisUrl, deadlineMs: redisDeadlineMs, log });
