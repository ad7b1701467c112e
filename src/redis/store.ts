import type { RedisClient } from './client.ts';

/** A command, script or transaction, run on a connection to the server that holds its keys. */
export type RedisCommand<T> = (client: RedisClient) => Promise<T>;

/** A revocation that this process has made. */
export interface MadeRevocation {
  /** What was revoked, as it was published. */
  message: string;
  /** The connection that it was made on. */
  client: RedisClient;
  /** Whether the response waits until enough servers have it. */
  isWaitedFor: boolean;
}

/** What remembers and confirms the revocations that are made with a store. */
export interface RevocationSink {
  /** @throws {RedisUnavailable} */
  add(revocation: MadeRevocation): Promise<void>;
}

/** Redis as the gateway and the bank use it: one server, the primary that Sentinels name, or a Cluster. */
export interface RedisStore {
  /** Whether commands can be run now. */
  readonly ready: boolean;

  /** Set by a process that has to remember what it revokes. */
  revocations?: RevocationSink;

  /**
   * Runs one command, script or transaction on the server that holds `key`, and resolves to its reply. All keys of the
   * command share the hash slot of `key` (Redis Cluster specification, "Hash tags").
   * @throws {RedisUnavailable} at once when there is no connection; when there is no reply within the deadline; and for
   * every error reply (`-LOADING`, `-READONLY`, `-OOM` …)
   */
  runFor<T>(key: string, command: RedisCommand<T>): Promise<T>;

  /** Publishes to the subscribers on all servers, and resolves to how many received it. @throws {RedisUnavailable} */
  publish(channel: string, message: string): Promise<number>;

  /** Resolves if every server that holds keys responds. @throws {RedisUnavailable} otherwise */
  ping(): Promise<void>;

  /** Resolves when commands can be run. @throws {RedisUnavailable} when they cannot within `waitMs` */
  whenReady(waitMs: number): Promise<void>;

  /** Closes all connections for good. Pending commands are rejected. */
  close(): void;
}

/** Redis by connections to one server at a time, which holds all keys. */
export interface ServerLink extends RedisStore {
  /** Runs a command on that server. @throws {RedisUnavailable} as `runFor` does */
  run<T>(command: RedisCommand<T>): Promise<T>;

  /** Calls `listener` with each connection that becomes usable, and with the current one if there is one. */
  onReady(listener: (client: RedisClient) => void): void;
}
