import { setTimeout as delay } from 'node:timers/promises';
import type { LinkOptions } from '../client.ts';
import { RedisLink } from '../connection.ts';
import { NodeLinks, type NodeOptions } from './node-links.ts';
import { SlotOwners } from './slot-owners.ts';
import { hostOf, parseSlots, type SlotsReply } from './slots.ts';

/** Each primary is asked so often within a lease. */
const POLLS_PER_LEASE = 4;
const POLL_MAX_MS = 200;

export interface ClusterOptions extends NodeOptions {
  /** Addresses (`host:port`) of some nodes, by which the others are found. */
  seeds: readonly string[];
  /** For how long a node may be used after most primaries have named it as the owner of its slots. */
  leaseMs: number;
}

/**
 * Asks all primaries which node serves which slot, all the time. While there is no majority, it also asks the seeds and
 * the replicas that it has heard of. No other command is sent to those.
 */
export class Topology {
  readonly owners: SlotOwners;
  /** Connections to the nodes that serve slots. */
  readonly links: NodeLinks;
  readonly #probes: NodeLinks;
  readonly #seeds: readonly string[];
  readonly #replies = new Map<string, { text: string; slots: SlotsReply }>();
  readonly #asked = new Set<RedisLink>();
  readonly #pollTimer: NodeJS.Timeout;
  #next = Promise.withResolvers<void>();

  constructor({ seeds, leaseMs, ...link }: ClusterOptions) {
    const probe = { ...link, admit: undefined, connect: (options: LinkOptions) => new RedisLink(options) };
    this.owners = new SlotOwners(leaseMs);
    this.links = new NodeLinks(link);
    this.#probes = new NodeLinks(probe);
    this.#seeds = seeds;
    this.#pollTimer = setInterval(() => this.refresh(), Math.min(leaseMs / POLLS_PER_LEASE, POLL_MAX_MS));
    this.#pollTimer.unref();
    this.refresh();
  }

  /** Asks all nodes now, except those that have not replied yet. */
  refresh(): void {
    const isKnown = this.owners.hasMajority(performance.now());
    this.#probes.keep(new Set(isKnown ? [] : [...this.#seeds, ...this.#replicas()]));
    for (const links of [this.links, this.#probes])
      for (const address of links.addresses) void this.#ask(address, links.get(address));
  }

  /** Resolves when a node has replied, or after a short time. */
  async next(): Promise<void> {
    await Promise.race([this.#next.promise, delay(POLL_MAX_MS)]);
  }

  close(): void {
    clearInterval(this.#pollTimer);
    this.links.close();
    this.#probes.close();
  }

  async #ask(address: string, link: RedisLink | undefined): Promise<void> {
    if (link?.ready !== true || this.#asked.has(link)) return;
    this.#asked.add(link);
    const askedAtMs = performance.now();
    try {
      const reply: unknown = await link.run((client) => client.sendCommand(['CLUSTER', 'SLOTS']));
      const { owners } = this.#parse(address, reply);
      this.owners.record(address, owners, askedAtMs, performance.now());
      this.links.keep(this.owners.nodes);
      this.#next.resolve();
      this.#next = Promise.withResolvers();
    } catch {
      // The node has no vote until it replies. Its link logs what is wrong with it.
    } finally {
      this.#asked.delete(link);
    }
  }

  /** The same object for the same reply, which a change is recognized by. */
  #parse(address: string, reply: unknown): SlotsReply {
    const text = JSON.stringify(reply);
    const former = this.#replies.get(address);
    if (former?.text === text) return former.slots;
    const slots = parseSlots(reply, hostOf(address));
    this.#replies.set(address, { text, slots });
    return slots;
  }

  #replicas(): string[] {
    return [...this.#replies.values()].flatMap(({ slots }) => [...slots.replicas]);
  }
}
