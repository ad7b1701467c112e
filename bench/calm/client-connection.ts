import { connect, type Socket } from 'node:net';

export interface HttpResponse {
  status: number;
  body: Buffer;
}

/** A response that takes longer has failed. */
const TIMEOUT_MS = 20_000;
const HEAD_END = '\r\n\r\n';
/** Long requests are sent in slices, so that the rest is not sent once there is a response. */
const SLICE_BYTES = 32 * 1024;

interface Pending {
  resolve: (response: HttpResponse) => void;
  reject: (error: Error) => void;
  received: Buffer;
  /** What of the request has not been sent yet. */
  unsent: Buffer;
}

/**
 * A keep-alive connection from one source address with one request at a time, implemented on a socket to use little CPU.
 * It connects for the first request, and again after it was closed.
 */
export class ClientConnection {
  readonly #url: URL;
  readonly #localAddress: string;
  #socket: Socket | undefined;
  #pending: Pending | undefined;

  constructor(url: string, localAddress: string) {
    this.#url = new URL(url);
    this.#localAddress = localAddress;
  }

  /** Sends the bytes of a request. @throws if the connection is closed before the response is complete */
  request(bytes: Buffer): Promise<HttpResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
    const pending: Pending = { resolve, reject, received: Buffer.alloc(0), unsent: bytes };
    this.#pending = pending;
    this.#socket ??= this.#connect();
    this.#send(this.#socket, pending);
    return promise;
  }

  close(): void {
    this.#socket?.destroy();
  }

  #send(socket: Socket, pending: Pending): void {
    if (pending.unsent.length === 0 || this.#pending !== pending) return;
    const slice = pending.unsent.subarray(0, SLICE_BYTES);
    pending.unsent = pending.unsent.subarray(SLICE_BYTES);
    socket.write(slice, (error) => {
      if (!error) this.#send(socket, pending);
    });
  }

  #connect(): Socket {
    const { hostname: host, port } = this.#url;
    const localAddress = this.#localAddress;
    const socket = connect({ host, port: Number(port), localAddress, noDelay: true });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no response in time')));
    let cause = new Error('the connection was closed');
    socket.on('error', (error) => {
      cause = error;
    });
    socket.on('data', (chunk: Buffer) => {
      if (socket === this.#socket) this.#receive(chunk);
    });
    socket.on('close', () => {
      if (socket !== this.#socket) return;
      this.#socket = undefined;
      this.#take()?.reject(cause);
    });
    return socket;
  }

  #take(): Pending | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }

  #receive(chunk: Buffer): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    pending.received = pending.received.length === 0 ? chunk : Buffer.concat([pending.received, chunk]);
    const { received } = pending;
    const headEnd = received.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const head = received.toString('latin1', 0, headEnd);
    const start = headEnd + HEAD_END.length;
    const end = start + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (received.length < end) return;
    if (/\r\nconnection: *close/i.test(head) || pending.unsent.length > 0) this.#disconnect();
    this.#take()?.resolve({ status: Number(head.slice(9, 12)), body: received.subarray(start, end) });
  }

  /** The next request takes a new connection. */
  #disconnect(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}
