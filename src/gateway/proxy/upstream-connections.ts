import type { ServerResponse } from 'node:http';
import { buildConnector } from 'undici';
import { Refusal } from '../../refusal.ts';
import type { LastConnection } from '../edge/readiness.ts';
import { type ConnectionOptions, UpstreamConnection } from './upstream-connection.ts';
import { type ProxyReason, refusalOfError } from './upstream-errors.ts';

interface PoolOptions extends ConnectionOptions {
  connectionsMax: number;
  /** How many requests may wait while all connections are in use. */
  queueMax: number;
  /** The refusal of requests beyond that. */
  full: ProxyReason;
  connectTimeoutMs: number;
}

interface Waiter {
  give: (connection: UpstreamConnection | Refusal<ProxyReason> | undefined) => void;
}

/**
 * The connections to the upstream for one kind of request. A request takes a connection that is open, so that the
 * caller knows whether it had to wait. The one that was used last is taken first.
 */
export class UpstreamConnections {
  readonly #options: PoolOptions;
  readonly #connector: buildConnector.connector;
  readonly #open = new Set<UpstreamConnection>();
  readonly #idle: UpstreamConnection[] = [];
  readonly #waiting = new Set<Waiter>();
  #connecting = 0;
  #lastConnection: LastConnection | undefined;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#connector = buildConnector({ timeout: options.connectTimeoutMs, allowH2: false });
  }

  /** How many connections are open, how many of them carry no request, and how many requests wait for one. */
  get usage(): { open: number; idle: number; waiting: number } {
    return { open: this.#open.size, idle: this.#idle.length, waiting: this.#waiting.size };
  }

  get lastConnection(): LastConnection | undefined {
    return this.#lastConnection;
  }

  /** A connection that is free and open now. */
  take(): UpstreamConnection | undefined {
    let connection = this.#idle.pop();
    while (connection?.isOpen === false) connection = this.#idle.pop();
    return connection;
  }

  /**
   * Waits for a connection, as long as for the first byte of a response. Resolves to undefined if the client leaves
   * first. The request must be judged again before it is sent.
   */
  wait(outgoing: ServerResponse): Promise<UpstreamConnection | Refusal<ProxyReason> | undefined> {
    if (outgoing.destroyed) return Promise.resolve(undefined);
    if (this.#isFull()) return Promise.resolve(new Refusal(this.#options.full));
    const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<UpstreamConnections['wait']>>>();
    const onLeave = (): void => waiter.give(undefined);
    const onTimeout = (): void => waiter.give(new Refusal('bank_too_slow', 'no free connection'));
    const timer = setTimeout(onTimeout, this.#options.firstByteTimeoutMs);
    const waiter: Waiter = {
      give: (result) => {
        this.#waiting.delete(waiter);
        clearTimeout(timer);
        outgoing.off('close', onLeave);
        resolve(result);
      },
    };
    outgoing.on('close', onLeave);
    this.#waiting.add(waiter);
    this.#connectForWaiting();
    return promise;
  }

  /** Returns a connection after its request. It is closed unless it can carry another one. */
  release(connection: UpstreamConnection, isReusable: boolean): void {
    if (!isReusable || !connection.isOpen || this.#closed) connection.destroy();
    else this.#offer(connection) || this.#idle.push(connection);
  }

  /** Closes all connections, those with a request as well. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#open) connection.destroy();
    for (const waiter of this.#waiting) waiter.give(new Refusal('bank_unreachable', 'the gateway stops'));
  }

  #isFull(): boolean {
    const { connectionsMax, queueMax } = this.#options;
    const canConnect = this.#open.size + this.#connecting < connectionsMax;
    return !canConnect && this.#waiting.size - this.#connecting >= queueMax;
  }

  /** Gives a connection to the request that has waited longest, if one waits. */
  #offer(connection: UpstreamConnection): boolean {
    const [waiter] = this.#waiting;
    waiter?.give(connection);
    return waiter !== undefined;
  }

  #connectForWaiting(): void {
    const { connectionsMax } = this.#options;
    while (
      !this.#closed &&
      this.#connecting < this.#waiting.size &&
      this.#open.size + this.#connecting < connectionsMax
    )
      this.#connect();
  }

  #connect(): void {
    this.#connecting += 1;
    const { protocol, hostname, host, port } = new URL(this.#options.origin);
    this.#connector({ protocol, hostname: hostname.replace(/^\[|\]$/g, ''), host, port }, (fault, socket) => {
      this.#connecting -= 1;
      this.#lastConnection = { atMs: Date.now(), fault: fault?.message };
      if (fault === null) this.#add(new UpstreamConnection(socket, this.#options));
      else this.#failOne(fault);
      this.#connectForWaiting();
    });
  }

  /** A connection that nobody waits for any more, because others were returned meanwhile, is kept for later requests. */
  #add(connection: UpstreamConnection): void {
    this.#open.add(connection);
    connection.onClose(() => {
      this.#open.delete(connection);
      this.#connectForWaiting();
    });
    if (this.#closed) connection.destroy();
    else if (!this.#offer(connection)) this.#keep(connection);
  }

  #keep(connection: UpstreamConnection): void {
    connection.keep();
    this.#idle.unshift(connection);
  }

  #failOne(fault: Error): void {
    const [waiter] = this.#waiting;
    waiter?.give(refusalOfError(fault));
  }
}
