import type { Logger } from '../../log.ts';
import type { Admission } from '../../redis/client.ts';
import { revocationsChannel, userMarkerKey } from '../../redis/keys.ts';
import { ReplicaConfirmation } from '../../redis/replication/confirmation.ts';
import { deferOrAwait } from '../../redis/replication/deferred.ts';
import { runScript } from '../../redis/scripts.ts';
import type { MadeRevocation, RedisStore, RevocationSink } from '../../redis/store.ts';
import type { Subscriber } from '../../redis/subscriber.ts';
import { revokedUser } from './entry.ts';
import { type JournalEntry, RevocationJournal } from './journal.ts';
import { identityOf, replayJournal } from './replay.ts';
import { REPLAY_REVOCATIONS, replayCall } from './replay-script.ts';

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

/** The most servers that are remembered as having been sent the journal. */
const SERVERS_MAX = 1000;

/**
 * Keeps the revocations of a process. What Redis forgets, because a replica that was behind became the primary or a
 * restart lost the end of the append-only file, is applied again before any request is answered from there.
 */
export class Revocations implements RevocationSink {
  readonly #journal: RevocationJournal;
  readonly #confirmation: ReplicaConfirmation;
  readonly #log: Logger;
  /** The servers that have everything in the journal. What is added later was made there. */
  readonly #servers = new Set<string>();
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
    if (this.#servers.has(server)) return;
    const startMs = performance.now();
    const count = await replayJournal(client, this.#journal, server);
    this.#remember(server);
    this.#replayed += count;
    if (count === 0) return;
    const tookMs = Math.round(performance.now() - startMs);
    this.#log.warn(
      { event: 'revocations_replayed', count, tookMs },
      'applied earlier revocations to another Redis',
    );
  };

  /** Keeps also what other processes revoke. */
  listen(subscriber: Subscriber): void {
    subscriber.subscribe(revocationsChannel(), (message) => void this.#journal.add(message));
  }

  async add(redis: RedisStore, { message, client, replays, isWaitedFor }: MadeRevocation): Promise<void> {
    const added = this.#journal.add(message);
    this.#made += 1;
    const user = revokedUser(message);
    // The reply came from a server that may have been replaced in the meantime.
    if (replays !== this.#replays) await apply(redis, user, added);
    if (isWaitedFor) await deferOrAwait(this.#confirmation.confirm(client, userMarkerKey(user)));
  }

  close(): void {
    this.#confirmation.close();
  }

  #remember(server: string): void {
    this.#replays += 1;
    this.#servers.add(server);
    const [oldest] = this.#servers;
    if (this.#servers.size > SERVERS_MAX && oldest !== undefined) this.#servers.delete(oldest);
  }
}

async function apply(redis: RedisStore, user: string, added: readonly JournalEntry[]): Promise<void> {
  const { keys, args } = replayCall(
    user,
    added.map(({ entry }) => entry),
  );
  await runScript(redis, REPLAY_REVOCATIONS, keys, args);
}
