import { type RedisClient, RedisUnavailable } from '../client.ts';
import type { RedisLink } from '../connection.ts';
import type { RedisCommand } from '../store.ts';
import type { MessageLink } from '../subscriber.ts';
import { nodeLink } from './node-links.ts';
import { hostOf, parseSlots } from './slots.ts';
import type { ClusterOptions } from './topology.ts';

const CHECK_MS = 250;

/** A node, with a connection for messages and one to check it with: a subscribed connection can run little else. */
interface Listening {
  address: string;
  messages: RedisLink;
  check: RedisLink;
  /** Since when it has not been known to be usable. */
  sinceMs: number;
}

/**
 * The connection of a `Subscriber` in a Cluster, where each node delivers the messages of all nodes. It goes to one
 * primary, and to another one when that is lost, becomes a replica, or loses the majority of the Cluster.
 */
export class ClusterMessageLink implements MessageLink {
  readonly #options: ClusterOptions;
  readonly #listeners: ((client: RedisClient) => void)[] = [];
  readonly #timer: NodeJS.Timeout;
  #addresses: readonly string[];
  #current: Listening;
  #isChecking = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#addresses = options.seeds;
    this.#current = this.#listenAt(anyOf(options.seeds));
    this.#timer = setInterval(() => void this.#check(), CHECK_MS);
    this.#timer.unref();
  }

  get ready(): boolean {
    return this.#current.messages.ready;
  }

  /** Calls `listener` with each connection that becomes usable, and with the current one if there is one. */
  onReady(listener: (client: RedisClient) => void): void {
    this.#listeners.push(listener);
    this.#current.messages.onReady(listener);
  }

  run<T>(command: RedisCommand<T>): Promise<T> {
    return this.#current.messages.run(command);
  }

  close(): void {
    clearInterval(this.#timer);
    closeAll(this.#current);
  }

  async #check(): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    const current = this.#current;
    try {
      const isUsable = await this.#isUsable(current);
      if (isUsable && current.messages.ready) current.sinceMs = performance.now();
      const lostMs = performance.now() - current.sinceMs;
      if (isUsable === false || lostMs > this.#options.deadlineMs) this.#moveOn();
    } finally {
      this.#isChecking = false;
    }
  }

  /** Undefined if the node does not reply. */
  async #isUsable({ address, check }: Listening): Promise<boolean | undefined> {
    try {
      return await check.run((client) => this.#isPrimary(address, client));
    } catch {
      return undefined;
    }
  }

  /** Whether the node is a primary that sees the majority of the Cluster. It also tells the other primaries. */
  async #isPrimary(address: string, client: RedisClient): Promise<boolean> {
    const [info, reply] = await Promise.all([client.clusterInfo(), client.sendCommand(['CLUSTER', 'SLOTS'])]);
    const owners = parseSlots(reply, hostOf(address)).owners.filter((owner) => owner !== undefined);
    this.#addresses = [...new Set(owners)];
    return /cluster_state:ok/.test(info) && this.#addresses.includes(address);
  }

  #moveOn(): void {
    closeAll(this.#current);
    const others = this.#addresses.filter((address) => address !== this.#current.address);
    this.#current = this.#listenAt(anyOf(others.length > 0 ? others : this.#options.seeds));
  }

  #listenAt(address: string): Listening {
    const admit = async (client: RedisClient): Promise<void> => {
      if (!(await this.#isPrimary(address, client))) throw new RedisUnavailable('the node is no primary');
    };
    const messages = nodeLink({ ...this.#options, admit }, address);
    for (const listener of this.#listeners) messages.onReady(listener);
    return { address, messages, check: nodeLink(this.#options, address), sinceMs: performance.now() };
  }
}

const anyOf = (addresses: readonly string[]): string =>
  addresses[Math.floor(Math.random() * addresses.length)] ?? '';

function closeAll({ messages, check }: Listening): void {
  messages.close();
  check.close();
}
