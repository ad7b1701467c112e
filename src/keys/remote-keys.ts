import { setTimeout as delay } from 'node:timers/promises';
import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from 'jose';

/** The set is fetched at most so often, however many tokens name keys that are not in it. */
const MIN_FETCHED_INTERVAL_MS = 1000;
/** A set that is in use is fetched anew so often, while requests go on with the one that is there. */
const RENEWED_AFTER_MS = 5000;
/** No set is used for longer than this: a key that is gone from the published set is believed no longer. */
const BELIEVED_FOR_MS = 30_000;
const FETCH_TIMEOUT_MS = 900;

/** Another process's public keys can't be fetched, so nothing can be verified. Whoever meets it answers 503. */
export class KeysUnavailable extends Error {
  readonly code = 'keys_unavailable';
  override readonly name = 'KeysUnavailable';
}

interface KeySet {
  text: string;
  kids: ReadonlySet<string>;
  find: ReturnType<typeof createLocalJWKSet>;
}

/**
 * The keys that another process publishes (RFC 7517, section 5), as they change: a new key is known with the first
 * token that names it, even one that it has signed before anybody could know it; a key that is taken away is
 * forgotten within `RENEWED_AFTER_MS` while requests come, and within `BELIEVED_FOR_MS` at the latest.
 */
export class RemoteKeys {
  readonly #url: string;
  #set: KeySet | undefined;
  #fetchedMs = Number.NEGATIVE_INFINITY;
  #renewing: Promise<void> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** Whether a key is among those that were published a moment ago. It waits for nobody, but has the set renewed. */
  has(kid: string, nowMs: number): boolean {
    const ageMs = Math.abs(nowMs - this.#fetchedMs);
    if (ageMs >= RENEWED_AFTER_MS) this.#renew(nowMs).catch(() => {});
    return ageMs < BELIEVED_FOR_MS && this.#set?.kids.has(kid) === true;
  }

  /**
   * The key that a token names. One that is not known is looked for in a set that is fetched for it.
   * @throws {KeysUnavailable} when the set is needed and can't be had; {JWKSNoMatchingKey} when it isn't there.
   */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput, nowMs: number): Promise<CryptoKey> {
    if (header.kid === undefined) throw new errors.JWKSNoMatchingKey();
    if (!this.has(header.kid, nowMs)) await this.#renew(nowMs);
    if (this.#set === undefined) throw new errors.JWKSNoMatchingKey();
    return this.#set.find(header, token);
  }

  /** One fetch at a time: whoever waits for its turn shares it. */
  #renew(nowMs: number): Promise<void> {
    this.#renewing ??= this.#fetchInTurn(nowMs).finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #fetchInTurn(nowMs: number): Promise<void> {
    const dueMs = this.#fetchedMs + MIN_FETCHED_INTERVAL_MS;
    const waitMs = Math.min(Math.max(0, dueMs - nowMs), MIN_FETCHED_INTERVAL_MS);
    if (waitMs > 0) await delay(waitMs);
    try {
      const text = await fetchText(this.#url);
      if (text !== this.#set?.text) this.#set = readKeySet(text);
      this.#fetchedMs = nowMs + waitMs;
    } catch (cause) {
      throw new KeysUnavailable("the gateway's public keys can't be fetched", { cause });
    }
  }
}

async function fetchText(url: string): Promise<string> {
  const answer = await fetch(url, {
    headers: { accept: 'application/json', 'cache-control': 'no-cache' },
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`the answer is ${answer.status}`);
  return text;
}

/** @throws when it is no key set. */
function readKeySet(text: string): KeySet {
  const set = JSON.parse(text) as JSONWebKeySet;
  const find = createLocalJWKSet(set);
  return { text, find, kids: new Set(set.keys.flatMap(({ kid }) => kid ?? [])) };
}
