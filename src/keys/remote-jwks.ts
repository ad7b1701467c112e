import { setTimeout as delay } from 'node:timers/promises';
import type { PublicKey } from '../jwt/signature.ts';
import { type AssertionKeys, readAssertionKeys } from './assertion-keys.ts';

/** The minimum time between two fetches, however many tokens name unknown keys. */
const MIN_FETCH_INTERVAL_MS = 1000;
/** From this age on, a set in use is fetched again in the background. */
const REFRESH_AFTER_MS = 5000;
/** From this age on, a set is no longer used. */
const MAX_AGE_MS = 30_000;
const FETCH_TIMEOUT_MS = 900;

/** The public keys of another process cannot be fetched, so nothing can be verified. The response is a 503. */
export class KeysUnavailable extends Error {
  readonly code = 'keys_unavailable';
  override readonly name = 'KeysUnavailable';
}

interface FetchedSet {
  text: string;
  keys: AssertionKeys;
}

/**
 * The assertion keys that another process publishes (RFC 7517, section 5). A new key is found with the first token that names
 * it. A removed key is forgotten within `REFRESH_AFTER_MS` under load, and within `MAX_AGE_MS` at the latest.
 *
 * jose's `createRemoteJWKSet` does not do this. It refuses a token with an unknown key during its cooldown, where this
 * class waits for the next fetch; with a short `cacheMaxAge` it fails as soon as a fetch fails, where this class uses
 * the set for up to `MAX_AGE_MS` and refreshes it in the background; and its clock cannot be passed in.
 */
export class RemoteJwks {
  readonly #url: string;
  #set: FetchedSet | undefined;
  #fetchedMs = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** Whether a key is in the set. It never waits, but refreshes an aging set in the background. */
  has(kid: string, nowMs: number): boolean {
    const ageMs = Math.abs(nowMs - this.#fetchedMs);
    if (ageMs >= REFRESH_AFTER_MS) this.#fetchOnce(nowMs).catch(() => {});
    return ageMs < MAX_AGE_MS && this.#set?.keys.kids.has(kid) === true;
  }

  /**
   * The key with this id, or undefined. For an unknown key the set is fetched again.
   * @throws {KeysUnavailable} when the set is needed and cannot be fetched.
   */
  async find(kid: string, nowMs: number): Promise<PublicKey | undefined> {
    if (!this.has(kid, nowMs)) await this.#fetchOnce(nowMs);
    return this.#set?.keys.find(kid);
  }

  /** Fetches the set. Concurrent callers share one fetch. */
  #fetchOnce(nowMs: number): Promise<void> {
    this.#fetching ??= this.#fetch(nowMs).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetch(nowMs: number): Promise<void> {
    const dueMs = this.#fetchedMs + MIN_FETCH_INTERVAL_MS;
    const waitMs = Math.min(Math.max(0, dueMs - nowMs), MIN_FETCH_INTERVAL_MS);
    if (waitMs > 0) await delay(waitMs);
    try {
      const text = await fetchText(this.#url);
      if (text !== this.#set?.text) this.#set = { text, keys: readAssertionKeys(text) };
      this.#fetchedMs = nowMs + waitMs;
    } catch (cause) {
      throw new KeysUnavailable("the gateway's public keys cannot be fetched", { cause });
    }
  }
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, {
    headers: { accept: 'application/json', 'cache-control': 'no-cache' },
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`the response status is ${response.status}`);
  return text;
}
