import { networksOf } from '../../http/addresses.ts';
import { Refusal } from '../../refusal.ts';

/** Who asks for a password thread, the most urgent first. */
const RANKS = ['staff-device', 'known-device', 'stranger', 'failed-before'] as const;
export type Rank = (typeof RANKS)[number];

const FIRST_STRANGER = RANKS.indexOf('stranger');

interface PasswordQueueOptions {
  /** How many run at the same time. */
  concurrency: number;
  /** How many wait. A quarter of the places is reserved for known devices. */
  max: number;
  /** How many of one network wait. */
  maxPerNetwork: number;
  /** How long one waits at most. */
  timeoutMs: number;
}

interface Waiting {
  rank: number;
  network: string;
  /** How many of the same network were waiting when this one came. */
  ahead: number;
  /** Lets the work begin, or refuses it. */
  admit: (admitted: boolean) => void;
}

const SHARE_OF_STRANGERS = 0.75;
/** Every so many turns the oldest goes next, whatever its rank, so that nobody waits forever. */
const OLDEST_FIRST_EVERY = 4;

/**
 * The queue of anonymous requests in front of the password threads. Known devices go first, then those of the networks
 * with the fewest waiting. An IPv6 /48 is one network. If the queue is full, a newcomer takes the place of one with a
 * lower rank, or of a network that has at least two more. Users who are logged in do not wait here.
 */
export class PasswordQueue {
  readonly #options: PasswordQueueOptions;
  /** The oldest first. */
  readonly #waiting: Waiting[] = [];
  readonly #waitingOfNetwork = new Map<string, number>();
  #running = 0;
  #turn = 0;

  constructor(options: PasswordQueueOptions) {
    this.#options = options;
  }

  get usage(): { running: number; waiting: number } {
    return { running: this.#running, waiting: this.#waiting.length };
  }

  /** Runs `work` when it is its turn, or refuses it because too many are waiting. */
  async run<T>(
    { rank, address }: { rank: Rank; address: string },
    work: () => Promise<T>,
  ): Promise<T | Refusal<'password_queue_full'>> {
    const network = networksOf(address).at(-1) ?? '';
    if (!(await this.#wait(RANKS.indexOf(rank), network))) return new Refusal('password_queue_full');
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#admitNext();
    }
  }

  /** Whether it is the turn of this one, once that is known. */
  async #wait(rank: number, network: string): Promise<boolean> {
    const { promise, resolve: admit } = Promise.withResolvers<boolean>();
    const newcomer = { rank, network, ahead: this.#countOf(network), admit };
    const timer = setTimeout(() => {
      this.#remove(this.#waiting.indexOf(newcomer))?.admit(false);
    }, this.#options.timeoutMs);
    this.#enter(newcomer);
    return promise.finally(() => clearTimeout(timer));
  }

  #enter(newcomer: Waiting): void {
    const displaced = this.#hasPlaceFor(newcomer) ? undefined : this.#displaceableBy(newcomer);
    if (displaced === -1) {
      newcomer.admit(false);
      return;
    }
    if (displaced !== undefined) this.#remove(displaced)?.admit(false);
    this.#waiting.push(newcomer);
    this.#waitingOfNetwork.set(newcomer.network, this.#countOf(newcomer.network) + 1);
    this.#admitNext();
  }

  #hasPlaceFor({ rank, ahead }: Waiting): boolean {
    const { concurrency, max, maxPerNetwork } = this.#options;
    if (this.#running < concurrency) return true;
    if (ahead >= maxPerNetwork || this.#waiting.length >= max) return false;
    const strangers = this.#waiting.filter((one) => one.rank >= FIRST_STRANGER).length;
    return rank < FIRST_STRANGER || strangers < Math.max(1, Math.floor(max * SHARE_OF_STRANGERS));
  }

  /** The index of the one whose place the newcomer takes: of the lowest rank and the largest network. −1 if none. */
  #displaceableBy({ rank, network, ahead }: Waiting): number {
    const isShareFull = ahead >= this.#options.maxPerNetwork;
    const isDisplaceable = (one: Waiting): boolean =>
      isShareFull
        ? one.network === network && one.rank > rank
        : one.rank > rank || (one.rank === rank && this.#countOf(one.network) > ahead + 1);
    const isWorse = (one: Waiting, other: Waiting | undefined): boolean =>
      other === undefined ||
      one.rank > other.rank ||
      (one.rank === other.rank && this.#countOf(one.network) >= this.#countOf(other.network));
    let worst = -1;
    for (const [index, one] of this.#waiting.entries())
      if (isDisplaceable(one) && isWorse(one, this.#waiting[worst])) worst = index;
    return worst;
  }

  #admitNext(): void {
    while (this.#running < this.#options.concurrency && this.#waiting.length > 0) {
      this.#turn += 1;
      const next = this.#remove(this.#turn % OLDEST_FIRST_EVERY === 0 ? 0 : this.#mostUrgent());
      this.#running += 1;
      next?.admit(true);
    }
  }

  /** The index of the next one: by rank, then by how many of its network were ahead, then by age. */
  #mostUrgent(): number {
    const isBefore = (one: Waiting, other: Waiting | undefined): boolean =>
      other === undefined || one.rank < other.rank || (one.rank === other.rank && one.ahead < other.ahead);
    let best = -1;
    for (const [index, one] of this.#waiting.entries()) if (isBefore(one, this.#waiting[best])) best = index;
    return best;
  }

  #remove(index: number): Waiting | undefined {
    const removed = this.#waiting[index];
    if (removed === undefined) return undefined;
    this.#waiting.splice(index, 1);
    const left = this.#countOf(removed.network) - 1;
    if (left > 0) this.#waitingOfNetwork.set(removed.network, left);
    else this.#waitingOfNetwork.delete(removed.network);
    return removed;
  }

  #countOf(network: string): number {
    return this.#waitingOfNetwork.get(network) ?? 0;
  }
}
