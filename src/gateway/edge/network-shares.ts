import { networksOf } from '../../http/addresses.ts';
import type { HeldShares } from '../shares/held-shares.ts';

/** A wider IPv6 network (/56, /48) may take this many times as much as the next narrower one. */
const GROWTH_PER_STEP = 2;

/**
 * Counts what the clients of each network hold: an IPv4 address, or the IPv6 /64, /56 and /48 that one subscriber can
 * have (RFC 6177). Somebody with many /64s gets little more than somebody with one.
 */
export class NetworkShares {
  readonly #maxPerNetwork: number;
  readonly #shared: HeldShares | undefined;
  readonly #held = new Map<string, number>();

  /** @param shared what networks hold at other workers, which counts too */
  constructor(maxPerNetwork: number, shared?: HeldShares) {
    this.#maxPerNetwork = maxPerNetwork;
    this.#shared = shared;
  }

  /** Takes one share and returns the networks to release it from, or undefined if one of them has its maximum. */
  take(address: string): readonly string[] | undefined {
    const networks = networksOf(address);
    const isFull = networks.some(
      (network, step) => this.#heldBy(network) >= this.#maxPerNetwork * GROWTH_PER_STEP ** step,
    );
    if (isFull) return undefined;
    for (const network of networks) this.#set(network, (this.#held.get(network) ?? 0) + 1);
    return networks;
  }

  release(networks: readonly string[]): void {
    for (const network of networks) this.#set(network, (this.#held.get(network) ?? 1) - 1);
  }

  #heldBy(network: string): number {
    return (this.#held.get(network) ?? 0) + (this.#shared?.elsewhere(network) ?? 0);
  }

  #set(network: string, held: number): void {
    if (held === 0) this.#held.delete(network);
    else this.#held.set(network, held);
    this.#shared?.note(network, held);
  }
}
