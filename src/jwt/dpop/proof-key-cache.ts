import QuickLRU from 'quick-lru';
import type { ProofKey } from './public-key.ts';

/** What one entry takes, in bytes: the header's text, the key in OpenSSL, and its place in a map. */
const ENTRY_BYTES = 4096;
const MAX_HEADER_CHARACTERS = 1024;

/**
 * The keys of verified proofs by the encoded header that contains them. A client that uses one key sends the same header
 * each time, so its key need not be parsed and imported again. Only the keys
 * of genuine proofs for tokens that are bound to them are remembered.
 */
export class ProofKeyCache {
  readonly #keys: QuickLRU<string, ProofKey> | undefined;

  /** @param maxBytes the memory for keys; 0 remembers none */
  constructor(maxBytes: number) {
    // QuickLRU holds up to twice its `maxSize`.
    const maxSize = Math.floor(maxBytes / ENTRY_BYTES / 2);
    this.#keys = maxSize > 0 ? new QuickLRU({ maxSize }) : undefined;
  }

  get(header: string): ProofKey | undefined {
    return this.#keys?.get(header);
  }

  add(header: string, key: ProofKey): void {
    if (header.length <= MAX_HEADER_CHARACTERS) this.#keys?.set(header, key);
  }
}
