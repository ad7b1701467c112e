import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { parseFinalResponse, parseResponse, type RawResponse } from './raw-response.ts';

const TIMEOUT_MS = 10_000;
const MAX_RESPONSE_BYTES = 1024 * 1024;
/** How long to wait for 100 (Continue). A client must not wait for it indefinitely (RFC 9110, section 10.1.1). */
const CONTINUE_TIMEOUT_MS = 1000;

/** The gateway under attack. */
export interface Target {
  /** An `http:` or `https:` origin. */
  origin: URL;
  /** Timeout of one exchange, 10 s by default. */
  timeoutMs?: number;
}

/** A request in two parts. */
export interface StagedRequest {
  /** With `Expect: 100-continue`, so that the gateway's reaction to it can be awaited. Empty to send nothing yet. */
  first: Buffer;
  /** What happens between the two parts. If it rejects, the second part is not sent. */
  meanwhile(target: Target): Promise<void>;
  rest: Buffer;
}

/** The reason for a missing response. */
interface NoResponse {
  failure: 'connection failed' | 'connection closed' | 'timed out' | 'not HTTP' | 'not sent';
  /** The error code of the operating system or of TLS, if there is one. */
  code?: string | undefined;
}

export type Outcome = RawResponse | NoResponse;

export const isResponse = (outcome: Outcome): outcome is RawResponse => 'status' in outcome;

/**
 * Sends the bytes of one request unchanged on a new connection and reads the final response. Time and size are
 * limited. Never rejects: every failure is an outcome.
 */
export function exchange(target: Target, request: Buffer | StagedRequest): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const socket = open(target.origin);
  const interim = Promise.withResolvers<void>();
  let connected = false;
  let received = Buffer.alloc(0);

  /** Only the first outcome counts. */
  const settle = (outcome: Outcome | undefined): void => {
    if (outcome === undefined) return;
    clearTimeout(timeout);
    socket.destroy();
    interim.resolve();
    resolve(outcome);
  };
  /** The bytes received so far may be a response that ends with the connection. */
  const fail = (code?: string): void => {
    settle(parse(received, true));
    settle({ failure: connected ? 'connection closed' : 'connection failed', code });
  };

  const timeout = setTimeout(() => settle({ failure: 'timed out' }), target.timeoutMs ?? TIMEOUT_MS);
  socket.once(target.origin.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
    connected = true;
    if (Buffer.isBuffer(request)) socket.write(request);
    else sendStaged(socket, target, request, interim.promise).catch(() => settle({ failure: 'not sent' }));
  });
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (hasResponse(received)) interim.resolve();
    settle(parse(received, false));
  });
  socket.on('error', (fault: NodeJS.ErrnoException) => fail(fault.code));
  socket.on('close', () => fail());
  return promise;
}

/** Sends the two parts. `reacted` resolves when the gateway has sent a response to the first, interim or final. */
async function sendStaged(
  socket: Socket,
  target: Target,
  { first, meanwhile, rest }: StagedRequest,
  reacted: Promise<void>,
): Promise<void> {
  if (first.length > 0) {
    socket.write(first);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CONTINUE_TIMEOUT_MS);
    await Promise.race([reacted, late]);
    clearTimeout(timer);
  }
  await meanwhile(target);
  if (socket.writable) socket.write(rest);
}

function open({ protocol, hostname, port }: URL): Socket {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (protocol !== 'https:') return connectTcp({ host, port: Number(port || 80), noDelay: true });
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ host, port: Number(port || 443), ...servername, ALPNProtocols: ['http/1.1'] });
}

/** @returns undefined while the response is incomplete */
function parse(received: Buffer, closed: boolean): Outcome | undefined {
  if (received.length > MAX_RESPONSE_BYTES) return { failure: 'not HTTP' };
  try {
    return parseFinalResponse(received, { closed });
  } catch {
    return { failure: 'not HTTP' };
  }
}

/** Whether a whole response has been received, which may be an interim one. */
function hasResponse(received: Buffer): boolean {
  try {
    return parseResponse(received) !== undefined;
  } catch {
    return true;
  }
}
