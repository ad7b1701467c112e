import QuickLRU from 'quick-lru';
import { sessionDataKey, sessionKey } from '../redis/keys.ts';
import { defineScript, runScript } from '../redis/scripts.ts';
import { SESSION_RECORD_LUA } from '../redis/session-record.ts';
import type { RedisStore } from '../redis/store.ts';

/** Activity is written at most once per this fraction of the idle timeout. */
const STEPS_IN_IDLE_TIMEOUT = 20;
/** The most entries in the cache. QuickLRU holds up to twice its `maxSize`. */
const SESSION_CACHE_SIZE = 100_000;

/**
 * Records activity, at most once per step across all gateways. It renews only an active session: an ended session
 * stays ended, and no session outlives its absolute end.
 * KEYS: session, its data. ARGV: now (ms), idle timeout (ms), step (ms). Returns 1 if it wrote.
 */
const TOUCH_SESSION = defineScript(
  'session-touch',
  `${SESSION_RECORD_LUA}
local now, idle, step = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local session, left = readSession(KEYS[1]), redis.call('PTTL', KEYS[1])
if not session or left < 0 then return 0 end
local nextLeft = math.min(idle, session.endsAt * 1000 - now)
if nextLeft - left < step then return 0 end
session.lastSeenMs = now
-- First what needs no memory: a full Redis refuses a script only if its first write does.
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', nextLeft))
redis.call('PEXPIRE', KEYS[2], string.format('%.0f', nextLeft))
redis.call('SET', KEYS[1], sessionText(session), 'KEEPTTL')
return 1
`,
);

/** Renews sessions when there is activity. No request waits for it; a failure only skips one step. */
export class ActivityTracker {
  readonly #redis: RedisStore;
  readonly #idleMs: number;
  readonly #stepMs: number;
  readonly #notedAtMs = new QuickLRU<string, number>({ maxSize: SESSION_CACHE_SIZE / 2 });

  constructor(redis: RedisStore, idleSeconds: number) {
    this.#redis = redis;
    this.#idleMs = idleSeconds * 1000;
    this.#stepMs = this.#idleMs / STEPS_IN_IDLE_TIMEOUT;
  }

  /** Notes activity of a session and returns without waiting for Redis. */
  note(sub: string, sid: string, nowMs: number): void {
    const notedAtMs = this.#notedAtMs.get(sid);
    if (notedAtMs !== undefined && nowMs - notedAtMs < this.#stepMs) return;
    this.#notedAtMs.set(sid, nowMs);
    const args = [nowMs, this.#idleMs, this.#stepMs].map(String);
    runScript(this.#redis, TOUCH_SESSION, [sessionKey(sub, sid), sessionDataKey(sub, sid)], args).catch(
      () => {
        this.#notedAtMs.delete(sid);
      },
    );
  }
}
