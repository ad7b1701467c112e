import type { Logger } from '../../log.ts';
import { type Admission, type RedisClient, RedisUnavailable } from '../../redis/client.ts';
import { withinDeadline } from '../../redis/deadline.ts';
import { revocationsChannel, userMarkerKey } from '../../redis/keys.ts';
import { ReplicaConfirmation } from '../../redis/replication/confirmation.ts';
import { deferOrAwait } from '../../redis/replication/deferred.ts';
import type { MadeRevocation, RevocationSink } from '../../redis/store.ts';
import type { Subscriber } from '../../redis/subscriber.ts';
import { revokedUser } from './entry.ts';
import { type JournalEntry, RevocationJournal } from './journal.ts';
import { identityOf, replayJournal, replayUser } from './replay.ts';

export interface RevocationSettings {
  /** How long revocations are kept: no access token from before lives longer. */
  accessTokenTtlSeconds: number;
  /** The most revocations that are kept. */
  revocationJournalMax: number;
  /** What has to confirm a revocation before its response, and within which time. */
  revocationReplicas: number;
  revocationAof: 'on' | 'off';
  revocationTimeoutMs: number;
}

/**
 * For so long after a connection was opened, what is revoked at another server is applied there at once. A former primary
 * is used for a lease longer at most, and its last replies arrive within a deadline.
 */
const RECENT_MS = 15_000;

/** How long a recent connection may take to apply a revocation. */
const APPLY_TIMEOUT_MS = 1000;

/** A connection that was opened lately. */
interface Recent {
  client: RedisClient;
  server: string;
}

/**
 * Keeps the revocations of a process. What Redis forgets, because a replica that was behind became the primary or a
 * restart lost the end of the append-only file, is applied again before any request is answered from there.
 */
export class Revocations implements RevocationSink {
  readonly #journal: RevocationJournal;
  readonly #confirmation: ReplicaConfirmation;
  readonly #log: Logger;
  /** The server behind each connection. */
  readonly #serverOf = new WeakMap<RedisClient, string>();
  readonly #recent = new Set<Recent>();
  #made = 0;
  #replayed = 0;
  #replays = 0;

  constructor({ settings, log }: { settings: RevocationSettings; log: Logger }) {
    const { accessTokenTtlSeconds, revocationJournalMax: max } = settings;
    this.#journal = new RevocationJournal({ keptMs: accessTokenTtlSeconds * 1000, max, log });
    this.#confirmation = new ReplicaConfirmation({
      what: 'revocation',
      replicas: settings.revocationReplicas,
      aof: settings.revocationAof === 'on',
      timeoutMs: settings.revocationTimeoutMs,
      log,
    });
    this.#log = log;
  }

  /** How many revocations this process has made. */
  get made(): number {
    return this.#made;
  }

  /** How many responses to revocations wait for replicas. */
  get pendingConfirmations(): number {
    return this.#confirmation.pending;
  }

  get journalSize(): number {
    return this.#journal.size;
  }

  /** How many entries were dropped because the journal was full. */
  get dropped(): number {
    return this.#journal.dropped;
  }

  /** How many entries were applied to other servers. */
  get replayed(): number {
    return this.#replayed;
  }

  get replays(): number {
    return this.#replays;
  }

  /** Applies the journal to a server that it was not applied to, before the connection is used. */
  readonly admit: Admission = async (client) => {
    const server = await identityOf(client);
    this.#confirmation.prepare(client);
    this.#serverOf.set(client, server);
    const recent = { client, server };
    this.#recent.add(recent);
    const startMs = performance.now();
    try {
      const count = await replayJournal(client, this.#journal, server);
      setTimeout(() => this.#recent.delete(recent), RECENT_MS).unref();
      this.#noteReplay(count, startMs);
    } catch (fault) {
      this.#recent.delete(recent);
      throw fault instanceof RedisUnavailable ? fault : notApplied(fault);
    }
  };

  #noteReplay(count: number, startMs: number): void {
    if (count === 0) return;
    this.#replays += 1;
    this.#replayed += count;
    const tookMs = Math.round(performance.now() - startMs);
    this.#log.warn(
      { event: 'revocations_replayed', count, tookMs },
      'applied earlier revocations to another Redis',
    );
  }

  /** Keeps also what other processes revoke. */
  listen(subscriber: Subscriber): void {
    subscriber.subscribe(revocationsChannel(), (message) => {
      this.#applyToRecent(this.#journal.add(message), undefined).catch((err: unknown) => {
        this.#log.warn(
          { event: 'revocation_not_applied', err },
          'a revocation waits for the next connection',
        );
      });
    });
  }

  /** @throws {RedisUnavailable} */
  async add({ message, client, isWaitedFor }: MadeRevocation): Promise<void> {
    const server = this.#serverOf.get(client);
    const added = this.#journal.add(message);
    if (server !== undefined) for (const entry of added) entry.appliedTo = server;
    this.#made += 1;
    const user = revokedUser(message);
    await this.#applyToRecent(added, server);
    if (isWaitedFor) await deferOrAwait(this.#confirmation.confirm(client, userMarkerKey(user)));
  }

  close(): void {
    this.#confirmation.close();
  }

  /** Applies entries to the servers that were met lately, as their replay may not have had them. */
  async #applyToRecent(entries: readonly JournalEntry[], madeAt: string | undefined): Promise<void> {
    const [first] = entries;
    if (first === undefined) return;
    const others = [...this.#recent].filter(({ client, server }) => server !== madeAt && client.isReady);
    await Promise.all(others.map((other) => this.#applyTo(other, first.entry.user, entries)));
  }

  /**
   * Fails if the connection is lost meanwhile, too: other processes may still read from that server.
   * @throws {RedisUnavailable}
   */
  async #applyTo({ client, server }: Recent, user: string, entries: readonly JournalEntry[]): Promise<void> {
    try {
      await withinDeadline(APPLY_TIMEOUT_MS, notApplied, () => replayUser(client, [user, entries], server));
    } catch (fault) {
      throw fault instanceof RedisUnavailable ? fault : notApplied(fault);
    }
  }
}

const notApplied = (cause?: unknown): RedisUnavailable =>
  new RedisUnavailable('a revocation could not be applied to another Redis', { cause });
