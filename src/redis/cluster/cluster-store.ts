import { setTimeout as delay } from 'node:timers/promises';
import { RedisUnavailable } from '../client.ts';
import type { RedisLink } from '../connection.ts';
import { withinDeadline } from '../deadline.ts';
import type { RedisCommand, RedisStore } from '../store.ts';
import { askingClient } from './asking.ts';
import { type Redirection, redirectionIn } from './redirection.ts';
import { slotOf } from './slots.ts';
import { type ClusterOptions, Topology } from './topology.ts';

const RETRY_MS = 10;
const READY_POLL_MS = 20;

const tooLate = (): RedisUnavailable =>
  new RedisUnavailable('no node of the Redis Cluster ran the command within its deadline');

/** How an attempt to run a command ended. The command has been run only if there is a reply. */
type Outcome<T> =
  | { is: 'reply'; reply: T }
  /** There is a reply, but whether the node still served the slot then is not known yet. */
  | { is: 'unconfirmed'; reply: T; owner: string }
  /** The command was not sent, because it is not known whether the node still serves the slot. */
  | { is: 'unknown' }
  | (Redirection & { from: string; askedAtMs: number });

/**
 * Redis Cluster: each command goes to the primary that serves the slot of its key, and never to a replica. A node that
 * cannot be reached makes only its own slots unavailable. Redirections are followed within the deadline of the command.
 */
export class ClusterStore implements RedisStore {
  readonly #topology: Topology;
  readonly #deadlineMs: number;

  /** Starts connecting and returns without waiting. Use `whenReady` to wait. */
  constructor(options: ClusterOptions) {
    this.#deadlineMs = options.deadlineMs;
    this.#topology = new Topology(options);
  }

  /** Whether every slot is served. */
  get ready(): boolean {
    const links = this.#primaries();
    return links.every((link) => link.ready) && this.#topology.owners.isComplete(performance.now());
  }

  /** @throws {RedisUnavailable} at once when the node of the slot has no connection; otherwise within the deadline */
  async runFor<T>(key: string, command: RedisCommand<T>): Promise<T> {
    const slot = slotOf(key);
    const startMs = performance.now();
    const outcome = await this.#attempt(slot, command);
    if (outcome.is === 'reply') return outcome.reply;
    const restMs = this.#deadlineMs - (performance.now() - startMs);
    return withinDeadline(restMs, tooLate, (isOver) => this.#retry(slot, command, outcome, isOver));
  }

  /** Counts the subscribers on all nodes, because `PUBLISH` counts only those of one. @throws {RedisUnavailable} */
  async publish(channel: string, message: string): Promise<number> {
    await this.runFor(channel, (client) => client.publish(channel, message));
    const counts = await Promise.all(
      this.#primaries().map((link) => link.run((client) => client.pubSubNumSub([channel]))),
    );
    return counts.reduce((sum, count) => sum + (count[channel] ?? 0), 0);
  }

  /** @throws {RedisUnavailable} unless every slot is served */
  async ping(): Promise<void> {
    await Promise.all(this.#primaries().map((link) => link.ping()));
    if (!this.#topology.owners.isComplete(performance.now()))
      throw new RedisUnavailable('not every slot of the Redis Cluster is served');
  }

  /** Resolves when every slot is served. @throws {RedisUnavailable} when that takes longer than `waitMs` */
  async whenReady(waitMs: number): Promise<void> {
    const endMs = performance.now() + waitMs;
    while (!this.ready) {
      if (performance.now() > endMs)
        throw new RedisUnavailable(`not every slot of the Redis Cluster is served within ${waitMs} ms`);
      await delay(READY_POLL_MS);
    }
  }

  close(): void {
    this.#topology.close();
  }

  #primaries(): RedisLink[] {
    return [...this.#topology.owners.nodes].map((address) => this.#topology.links.open(address));
  }

  #isReliable(slot: number, owner: string): boolean {
    return this.#topology.owners.isReliable(slot, owner, performance.now());
  }

  async #attempt<T>(slot: number, command: RedisCommand<T>): Promise<Outcome<T>> {
    const owner = this.#topology.owners.ownerOf(slot);
    const link = owner === undefined ? undefined : this.#topology.links.get(owner);
    if (owner === undefined || link?.ready !== true)
      throw new RedisUnavailable('there is no connection to the Redis node that serves the slot');
    if (!this.#isReliable(slot, owner)) return { is: 'unknown' };
    return this.#runOn(link, slot, owner, command);
  }

  async #runOn<T>(
    link: RedisLink,
    slot: number,
    owner: string,
    command: RedisCommand<T>,
  ): Promise<Outcome<T>> {
    const askedAtMs = performance.now();
    try {
      const reply = await link.run(command);
      return this.#isReliable(slot, owner) ? { is: 'reply', reply } : { is: 'unconfirmed', reply, owner };
    } catch (fault) {
      const redirection = redirectionIn(fault, owner);
      if (redirection === undefined) throw fault;
      return { ...redirection, from: owner, askedAtMs };
    }
  }

  async #retry<T>(
    slot: number,
    command: RedisCommand<T>,
    first: Outcome<T>,
    isOver: () => boolean,
  ): Promise<T> {
    for (let outcome = first; ; ) {
      if (outcome.is === 'reply') return outcome.reply;
      outcome = await this.#follow(slot, command, outcome);
      if (isOver()) throw tooLate();
    }
  }

  async #follow<T>(slot: number, command: RedisCommand<T>, outcome: Outcome<T>): Promise<Outcome<T>> {
    const { owners, links } = this.#topology;
    switch (outcome.is) {
      case 'reply':
        return outcome;
      case 'unconfirmed':
        if (this.#isReliable(slot, outcome.owner)) return { is: 'reply', reply: outcome.reply };
        if (owners.ownerOf(slot) !== outcome.owner)
          throw new RedisUnavailable('another Redis node had taken over the slot');
        this.#topology.refresh();
        await this.#topology.next();
        return outcome;
      case 'unknown':
        this.#topology.refresh();
        await this.#topology.next();
        break;
      case 'moved':
        owners.redirect(slot, outcome.from, outcome.to, outcome.askedAtMs);
        this.#topology.refresh();
        await links.open(outcome.to).whenReady(this.#deadlineMs);
        break;
      case 'ask': {
        const link = links.open(outcome.to);
        await link.whenReady(this.#deadlineMs);
        const asked = await this.#runOn(link, slot, outcome.from, (client) => command(askingClient(client)));
        if (asked.is !== 'ask' && asked.is !== 'moved') return asked;
        await delay(RETRY_MS);
        break;
      }
      case 'again':
        await delay(RETRY_MS);
    }
    return this.#attempt(slot, command);
  }
}
