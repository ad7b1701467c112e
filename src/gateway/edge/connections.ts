import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type AddressRanges, isInRanges } from '../../http/addresses.ts';
import type { Logger } from '../../log.ts';
import type { HeldShares } from '../shares/held-shares.ts';
import { NetworkShares } from './network-shares.ts';

export interface ConnectionLimits {
  /** The most connections at a time. */
  max: number;
  /** The most of one network. Connections of trusted proxies have many clients and count only for `max`. */
  maxPerNetwork: number;
  trustedProxies: AddressRanges;
  /** What networks hold at other workers, if there are any. */
  sharedByNetwork?: HeldShares | undefined;
  log: Logger;
}

/** A request and its response. */
export interface Exchange {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
}

/** A client connection. It is idle while `unanswered` is 0. */
export interface Connection {
  readonly socket: Socket;
  /** The networks whose share it counts for. */
  readonly networks: readonly string[];
  /** How many requests have been handed on whose responses have not been written to the socket yet. */
  unanswered: number;
  /** How many requests have been received. */
  received: number;
  /** Requests that were received and not yet handed on (`pipelining.ts`), in order. */
  readonly waiting: Exchange[];
  /** The response to the latest request that was handed on. */
  latest?: ServerResponse;
  /** The response after which it is closed (`Connection: close`, RFC 9112, section 9.6), because the server stops. */
  last?: ServerResponse;
  /** Since when it is idle, by `performance.now()`. */
  idleSinceMs: number;
}

/** How often refused connections are logged, at most. */
const LOG_INTERVAL_MS = 10_000;

/**
 * The open client connections. One over the share of its network is closed. If there are too many altogether, the one
 * that has been idle longest is closed in favor of a new one; if none is idle, the new one is closed.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #open = new Map<Socket, Connection>();
  readonly #shares: NetworkShares;
  /** The idle ones, the one that has been idle longest first. */
  readonly #idle = new Set<Connection>();
  #draining = false;
  /** How many have been closed for one of the limits. */
  refusals = 0;
  #refused = 0;
  #loggedMs = -LOG_INTERVAL_MS;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
    this.#shares = new NetworkShares(limits.maxPerNetwork, limits.sharedByNetwork);
  }

  /** Counts a connection that the server has accepted, or closes it. */
  add(socket: Socket): Connection | undefined {
    const networks = this.#takeShare(socket);
    if (networks === undefined || !this.#hasRoom()) {
      this.#shares.release(networks ?? []);
      this.#refuse(socket);
      return undefined;
    }
    const counts = { unanswered: 0, received: 0, idleSinceMs: 0 };
    const connection: Connection = { socket, networks, waiting: [], ...counts };
    this.#open.set(socket, connection);
    this.#setIdle(connection);
    socket.once('close', () => this.#remove(connection));
    return connection;
  }

  get open(): number {
    return this.#open.size;
  }

  /** The connection of a socket, unless it was refused or has been closed. */
  of(socket: Socket): Connection | undefined {
    return this.#open.get(socket);
  }

  /** Counts a request that is handed on. */
  begin(connection: Connection, outgoing: ServerResponse): void {
    if (connection.unanswered === 0) this.#idle.delete(connection);
    connection.unanswered += 1;
    connection.latest = outgoing;
    if (this.#draining) closeAfterLatest(connection);
  }

  /** Takes back a request whose response has been written to the socket, or whose client has left. */
  end(connection: Connection): void {
    connection.unanswered -= 1;
    if (connection.unanswered === 0 && this.#open.has(connection.socket)) this.#setIdle(connection);
  }

  /** From now on, each connection is closed after its latest response. */
  startDraining(): void {
    this.#draining = true;
    for (const connection of this.#open.values()) closeAfterLatest(connection);
  }

  /** Closes the connections that have been idle for at least `idleMs`. */
  closeIdle(idleMs: number): void {
    const latestMs = performance.now() - idleMs;
    for (const connection of this.#idle) {
      if (connection.idleSinceMs > latestMs) return;
      this.#close(connection);
    }
  }

  #setIdle(connection: Connection): void {
    connection.idleSinceMs = performance.now();
    this.#idle.add(connection);
  }

  /** Whether there is room for one more, after closing the oldest idle one if necessary. */
  #hasRoom(): boolean {
    if (this.#open.size < this.#limits.max) return true;
    const [oldest] = this.#idle;
    if (oldest !== undefined) this.#close(oldest);
    return oldest !== undefined;
  }

  #close(connection: Connection): void {
    this.#remove(connection);
    connection.socket.destroy();
  }

  #remove(connection: Connection): void {
    if (!this.#open.delete(connection.socket)) return;
    this.#idle.delete(connection);
    this.#shares.release(connection.networks);
  }

  #takeShare({ remoteAddress = '' }: Socket): readonly string[] | undefined {
    const { trustedProxies } = this.#limits;
    if (trustedProxies.length > 0 && isInRanges(remoteAddress, trustedProxies)) return [];
    return this.#shares.take(remoteAddress.replace(/^::ffff:(?=\d+\.)/i, ''));
  }

  #refuse(socket: Socket): void {
    this.#refused += 1;
    this.refusals += 1;
    const nowMs = performance.now();
    if (nowMs - this.#loggedMs >= LOG_INTERVAL_MS) {
      const fields = { event: 'connections_refused', address: socket.remoteAddress, refused: this.#refused };
      this.#limits.log.warn(fields, 'connections over a limit were closed');
      [this.#loggedMs, this.#refused] = [nowMs, 0];
    }
    socket.destroy();
  }
}

/** Makes the latest response the last one, unless its headers have been sent or further requests wait for theirs. */
function closeAfterLatest(connection: Connection): void {
  const { latest, last, unanswered, waiting } = connection;
  if (latest === undefined || latest.headersSent || unanswered === 0 || waiting.length > 0) return;
  if (last !== undefined && !last.headersSent) last.shouldKeepAlive = true;
  if (!latest.shouldKeepAlive) return;
  latest.shouldKeepAlive = false;
  connection.last = latest;
}
