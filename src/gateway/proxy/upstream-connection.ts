import type { Socket } from 'node:net';
import { Client, type Dispatcher, errors } from 'undici';

export interface ConnectionOptions {
  origin: string;
  firstByteTimeoutMs: number;
  idleTimeoutMs: number;
}

/** One connection to the upstream. It carries one request at a time, and it is never opened again once it has closed. */
export class UpstreamConnection {
  readonly #client: Client;
  readonly #socket: Socket;
  #requests = 0;
  #bytesReadBefore = 0;
  #wasKept = false;
  /** undici listens from the first request on. Data or an end before it closes the connection. */
  readonly #onEarlyEvent = (): void => this.destroy();

  constructor(socket: Socket, { origin, firstByteTimeoutMs, idleTimeoutMs }: ConnectionOptions) {
    this.#socket = socket;
    let isTaken = false;
    this.#client = new Client(origin, {
      pipelining: 1,
      headersTimeout: firstByteTimeoutMs,
      bodyTimeout: idleTimeoutMs,
      connect: (_options, callback) => {
        const isFirst = !isTaken;
        isTaken = true;
        // undici expects the connection in a later turn.
        queueMicrotask(() => (isFirst ? callback(null, socket) : callback(new ConnectionLost(), null)));
      },
    });
    // Before the first request, nothing else listens; an unhandled error would end the process.
    socket.on('error', () => {});
    socket.once('readable', this.#onEarlyEvent);
  }

  /** Whether a request can be sent. */
  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  /** Whether the upstream lost a connection that had been open before, and sent no byte of a response to this request. */
  get isLostWithoutByte(): boolean {
    return (this.#requests > 1 || this.#wasKept) && this.#socket.bytesRead === this.#bytesReadBefore;
  }

  send(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#requests += 1;
    this.#socket.off('readable', this.#onEarlyEvent);
    this.#bytesReadBefore = this.#socket.bytesRead;
    this.#client.dispatch(request, handler);
  }

  /** Keeps the connection for a later request than the one that it was opened for. */
  keep(): void {
    this.#wasKept = true;
  }

  onClose(listener: () => void): void {
    this.#socket.once('close', listener);
  }

  /** Closes it. A body that is still being sent over it ends as well. */
  destroy(): void {
    this.#socket.destroy(new errors.InformationalError('reset'));
  }
}

/** The connection had closed before the request was sent: nothing of it has reached the upstream. */
export class ConnectionLost extends Error {
  readonly code = 'connection_lost';
  override readonly name = 'ConnectionLost';
}
