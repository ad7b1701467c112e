import { hash } from 'node:crypto';

const DIGEST_BYTES = 32;
const DIGESTS_PER_BUCKET = 4;
const BUCKET_BYTES = DIGEST_BYTES * DIGESTS_PER_BUCKET;

/**
 * Remembers tokens whose signature has been verified, by their SHA-256 digests. It takes exactly the memory that it is
 * given, whatever happens, and nothing of it is ever traversed by the garbage collector.
 *
 * A digest has one bucket. A new one takes the place of the oldest in its bucket.
 */
export class SignatureMemo {
  readonly #buckets: number;
  readonly #digests: Buffer;

  /** @param maxBytes memory in bytes: 32 for each token, rounded down to whole buckets, at least one */
  constructor(maxBytes: number) {
    this.#buckets = Math.max(1, Math.floor(maxBytes / BUCKET_BYTES));
    this.#digests = Buffer.alloc(this.#buckets * BUCKET_BYTES);
  }

  /** Whether the signature of exactly this token has been verified. */
  has(token: string): boolean {
    const digest = hash('sha256', token, 'buffer');
    const start = this.#bucketOf(digest);
    for (let at = start; at < start + BUCKET_BYTES; at += DIGEST_BYTES)
      if (digest.compare(this.#digests, at, at + DIGEST_BYTES) === 0) return true;
    return false;
  }

  add(token: string): void {
    const digest = hash('sha256', token, 'buffer');
    const start = this.#bucketOf(digest);
    this.#digests.copyWithin(start + DIGEST_BYTES, start, start + BUCKET_BYTES - DIGEST_BYTES);
    digest.copy(this.#digests, start);
  }

  /** The offset of the bucket. All bits of the digest are equally random. */
  #bucketOf(digest: Buffer): number {
    return (digest.readUIntLE(0, 6) % this.#buckets) * BUCKET_BYTES;
  }
}
