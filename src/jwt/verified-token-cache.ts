import QuickLRU from 'quick-lru';
import { Refusal } from '../refusal.ts';
import { isSignedBy, type VerificationKey } from './signature.ts';
import { isExpired, type VerifiedJwt } from './verify.ts';

/** The most tokens that are cached, at about 1.5 KiB each. */
const VERIFIED_CACHE_SIZE = 10_000;

interface VerifiedTokenCacheOptions {
  /** The most tokens that are cached. */
  size?: number;
  /** Whether a cached token is accepted without verifying its signature again. */
  trustCached?: boolean;
}

/**
 * Tokens that were verified in full, with their claims. The same text has the same claims, so when it comes again
 * only its signature is verified again, unless cached tokens are trusted, and its expiry is checked.
 */
export class VerifiedTokenCache<Claims extends { exp: number }> {
  readonly #verified: QuickLRU<string, VerifiedJwt<Claims, VerificationKey>>;
  readonly #trustCached: boolean;

  constructor({ size = VERIFIED_CACHE_SIZE, trustCached = false }: VerifiedTokenCacheOptions = {}) {
    // QuickLRU holds up to twice its `maxSize`.
    this.#verified = new QuickLRU({ maxSize: Math.ceil(size / 2) });
    this.#trustCached = trustCached;
  }

  add(token: string, verified: VerifiedJwt<Claims, VerificationKey>): void {
    this.#verified.set(token, verified);
  }

  /** The claims of a cached token that is still valid, or why it no longer is; undefined for any other token. */
  reverify(token: string, nowMs: number): Claims | Refusal<'signature' | 'expired'> | undefined {
    const cached = this.#verified.get(token);
    if (cached === undefined) return undefined;
    if (!this.#trustCached && !isSignedBy(cached.key, token)) return new Refusal('signature');
    return isExpired(cached.claims, nowMs) ? new Refusal('expired') : cached.claims;
  }
}
