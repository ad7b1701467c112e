import QuickLRU from 'quick-lru';
import type { RedisLink } from '../redis/connection.ts';
import { activeKey, sessionKey } from '../redis/keys.ts';
import { runScript } from '../redis/scripts.ts';
import { TOUCH_SESSION } from './scripts.ts';

/** Activity is written down at most once in this part of the idle timeout. */
const STEPS_IN_IDLE_TIMEOUT = 20;
/** The most entries in the cache. QuickLRU holds up to twice its `maxSize`. */
const SESSION_CACHE_SIZE = 100_000;

/** Renews sessions by real activity, off the request's way: nobody waits for it, and a failure costs a step. */
export class ActivityTracker {
  readonly #redis: RedisLink;
  readonly #idleMs: number;
  readonly #stepMs: number;
  readonly #notedAtMs = new QuickLRU<string, number>({ maxSize: SESSION_CACHE_SIZE / 2 });

  constructor(redis: RedisLink, idleSeconds: number) {
    this.#redis = redis;
    this.#idleMs = idleSeconds * 1000;
    this.#stepMs = this.#idleMs / STEPS_IN_IDLE_TIMEOUT;
  }

  /** Notes that the session did something now. It returns at once. */
  note(sub: string, sid: string, nowMs: number): void {
    const notedAtMs = this.#notedAtMs.get(sid);
    if (notedAtMs !== undefined && nowMs - notedAtMs < this.#stepMs) return;
    this.#notedAtMs.set(sid, nowMs);
    const args = [nowMs, this.#idleMs, this.#stepMs].map(String);
    runScript(this.#redis, TOUCH_SESSION, [sessionKey(sub, sid), activeKey(sub, sid)], args).catch(() => {
      this.#notedAtMs.delete(sid);
    });
  }
}
