import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuTimeMicros, type PinnedProcess } from './pinned-process.ts';

const HEAD_END = '\r\n\r\n';

export interface LoadPlan {
  /** One request per connection; it is repeated as soon as its response is complete. */
  requests: readonly Buffer[];
  /** The expected body of every response. */
  body: Buffer;
  warmUpMs: number;
  windowMs: number;
}

export interface Measured {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  cpuMicrosPerRequest: number;
}

/** Puts load on a server and measures it after a warm-up. @throws if any response is not the expected one */
export async function measure(server: PinnedProcess, plan: LoadPlan): Promise<Measured> {
  const failure = Promise.withResolvers<never>();
  const clients = plan.requests.map((request) => new Client(server.url, request, plan.body, failure.reject));
  try {
    await Promise.race([delay(plan.warmUpMs), failure.promise]);
    for (const client of clients) client.latenciesMs.length = 0;
    const startMs = performance.now();
    const startCpu = cpuTimeMicros(server.pid);
    await Promise.race([delay(plan.windowMs), failure.promise]);
    const cpuMicros = cpuTimeMicros(server.pid) - startCpu;
    const windowMs = performance.now() - startMs;
    if (clients.some(({ latenciesMs }) => latenciesMs.length === 0))
      throw new Error('a connection received no response');
    return summary(
      clients.flatMap(({ latenciesMs }) => latenciesMs),
      windowMs,
      cpuMicros,
    );
  } finally {
    for (const client of clients) client.close();
  }
}

function summary(latenciesMs: number[], windowMs: number, cpuMicros: number): Measured {
  const sorted = Float64Array.from(latenciesMs).sort();
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return {
    requestsPerSecond: (sorted.length * 1000) / windowMs,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cpuMicrosPerRequest: cpuMicros / sorted.length,
  };
}

/** A keep-alive connection with one request at a time, implemented on a socket to use little CPU. */
class Client {
  readonly latenciesMs: number[] = [];
  readonly #socket: Socket;
  readonly #request: Buffer;
  readonly #body: Buffer;
  readonly #onError: (error: Error) => void;
  #received: Buffer | undefined;
  #sentMs = 0;
  #closed = false;

  constructor(url: string, request: Buffer, body: Buffer, onError: (error: Error) => void) {
    const { hostname, port } = new URL(url);
    this.#request = request;
    this.#body = body;
    this.#onError = onError;
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on('connect', () => this.#send());
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', () => this.#fail('the server closed the connection'));
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #send(): void {
    this.#sentMs = performance.now();
    this.#socket.write(this.#request);
  }

  #receive(chunk: Buffer): void {
    const all = this.#received === undefined ? chunk : Buffer.concat([this.#received, chunk]);
    this.#received = all;
    const headEnd = all.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const head = all.toString('latin1', 0, headEnd);
    if (!head.startsWith('HTTP/1.1 200 ') || this.#bodyLengthIn(head) !== this.#body.length) {
      this.#fail(`unexpected response head:\n${head}`);
      return;
    }
    const bodyStart = headEnd + HEAD_END.length;
    if (all.length < bodyStart + this.#body.length) return;
    if (all.compare(this.#body, 0, this.#body.length, bodyStart) !== 0) {
      this.#fail('unexpected response body');
      return;
    }
    this.latenciesMs.push(performance.now() - this.#sentMs);
    this.#received = undefined;
    this.#send();
  }

  #bodyLengthIn(head: string): number {
    return Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
  }

  #fail(message: string): void {
    if (!this.#closed) this.#onError(new Error(message));
    this.close();
  }
}
