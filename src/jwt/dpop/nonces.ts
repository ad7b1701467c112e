import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Whether proofs need a nonce of the gateway (RFC 9449, section 8): never, when the `iat` of a proof is not accepted, or
 * always.
 */
export type NoncePolicy = 'off' | 'on-demand' | 'required';

/**
 * Nonces that all processes with one key know without storing them. Each is the newest for `lifetimeSeconds`, and is
 * accepted for as long again; that of a process whose clock is ahead is accepted as well.
 */
export class Nonces {
  readonly #key: Uint8Array;
  readonly #lifetimeMs: number;
  #known = { slot: Number.NaN, accepted: [] as readonly Buffer[] };

  constructor(key: Uint8Array, lifetimeSeconds: number) {
    this.#key = key;
    this.#lifetimeMs = lifetimeSeconds * 1000;
  }

  /** The newest nonce. */
  at(nowMs: number): string {
    return this.#acceptedAt(nowMs)[0]?.toString('latin1') ?? '';
  }

  isNewest(nonce: string, nowMs: number): boolean {
    return nonce === this.at(nowMs);
  }

  isAccepted(nonce: string, nowMs: number): boolean {
    const given = Buffer.from(nonce, 'latin1');
    return this.#acceptedAt(nowMs).some(
      (accepted) => accepted.length === given.length && timingSafeEqual(accepted, given),
    );
  }

  /** When a nonce that is accepted now is certainly refused, in milliseconds since the epoch. */
  refusedFromMs(nowMs: number): number {
    return (Math.floor(nowMs / this.#lifetimeMs) + 3) * this.#lifetimeMs;
  }

  /** The newest, the one before and the next one. */
  #acceptedAt(nowMs: number): readonly Buffer[] {
    const slot = Math.floor(nowMs / this.#lifetimeMs);
    if (slot !== this.#known.slot)
      this.#known = { slot, accepted: [slot, slot - 1, slot + 1].map((one) => this.#nonceOf(one)) };
    return this.#known.accepted;
  }

  /** Other texts under this key begin otherwise (sessions/refresh-token.ts). */
  #nonceOf(slot: number): Buffer {
    const mac = createHmac('sha256', this.#key).update(`dpop-nonce.${slot}`).digest();
    return Buffer.from(mac.subarray(0, 16).toString('base64url'), 'latin1');
  }
}
