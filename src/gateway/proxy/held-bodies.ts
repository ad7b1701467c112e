import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewaySettings } from '../../config/load.ts';
import { Refusal } from '../../refusal.ts';
import { noteBodyBytes } from './body-buffers.ts';

type HeldBodySettings = Pick<
  GatewaySettings,
  'heldBodyMaxBytes' | 'heldBodiesMaxBytes' | 'heldBodiesPerUserMaxBytes' | 'heldBodyTimeoutMs'
>;

type HoldReason = 'bodies_full' | 'too_many_under_way' | 'request_too_slow';

/** The whole body; or `streamed`, if it is too long to be held; or `left`, if the client has left before its end. */
export type HeldBody = Buffer | 'streamed' | 'left';

/** Holds short bodies in memory until they are complete, within bounds for each user and for all users together. */
export class HeldBodies {
  readonly #settings: HeldBodySettings;
  readonly #bySubject = new Map<string, number>();
  #bytes = 0;

  constructor(settings: HeldBodySettings) {
    this.#settings = settings;
  }

  /** How much memory is reserved, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Reads the body of a user's request. Its memory stays reserved until the response is complete. */
  async hold(
    sub: string,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<HeldBody | Refusal<HoldReason>> {
    const { heldBodyMaxBytes: maxBytes, heldBodyTimeoutMs } = this.#settings;
    const bytes = Number(incoming.headers['content-length'] ?? maxBytes);
    const refusal = bytes > maxBytes ? undefined : this.#reserve(sub, bytes, outgoing);
    if (refusal !== undefined) return refusal;
    requestBody(incoming, outgoing);
    if (bytes > maxBytes) return 'streamed';
    const isComplete = incoming.complete;
    const body = isComplete ? readNow(incoming, maxBytes) : await read(incoming, maxBytes, heldBodyTimeoutMs);
    if (body instanceof Buffer) noteBodyBytes(body.length);
    return body;
  }

  #reserve(sub: string, bytes: number, outgoing: ServerResponse): Refusal<HoldReason> | undefined {
    const { heldBodiesMaxBytes, heldBodiesPerUserMaxBytes } = this.#settings;
    if (outgoing.closed) return undefined;
    const ofUser = (this.#bySubject.get(sub) ?? 0) + bytes;
    if (ofUser > heldBodiesPerUserMaxBytes) return new Refusal('too_many_under_way', 'held bodies');
    if (this.#bytes + bytes > heldBodiesMaxBytes) return new Refusal('bodies_full');
    this.#bytes += bytes;
    this.#bySubject.set(sub, ofUser);
    outgoing.once('close', () => this.#free(sub, bytes));
    return undefined;
  }

  #free(sub: string, bytes: number): void {
    this.#bytes -= bytes;
    const left = (this.#bySubject.get(sub) ?? bytes) - bytes;
    if (left === 0) this.#bySubject.delete(sub);
    else this.#bySubject.set(sub, left);
  }
}

/** Asks for the body if the client waits for that (RFC 9110, section 10.1.1). HTTP/1.0 has no interim responses. */
function requestBody({ headers, httpVersion }: IncomingMessage, outgoing: ServerResponse): void {
  if (headers.expect?.toLowerCase() === '100-continue' && httpVersion === '1.1') outgoing.writeContinue();
}

/** A body that has been received completely. */
function readNow(incoming: IncomingMessage, maxBytes: number): HeldBody {
  const chunks: Buffer[] = [];
  for (let chunk = incoming.read(); chunk !== null; chunk = incoming.read()) chunks.push(chunk);
  const [first = Buffer.alloc(0)] = chunks;
  const body = chunks.length > 1 ? Buffer.concat(chunks) : first;
  if (body.length <= maxBytes) return body;
  incoming.unshift(body);
  return 'streamed';
}

function read(
  incoming: IncomingMessage,
  maxBytes: number,
  timeoutMs: number,
): Promise<HeldBody | Refusal<'request_too_slow'>> {
  const { promise, resolve } = Promise.withResolvers<HeldBody | Refusal<'request_too_slow'>>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  const settle = (result: HeldBody | Refusal<'request_too_slow'>): void => {
    clearTimeout(timer);
    incoming.off('data', onData).off('end', onEnd).off('close', onClose).pause();
    resolve(result);
  };
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= maxBytes) return;
    settle('streamed');
    incoming.unshift(Buffer.concat(chunks));
  };
  const onEnd = (): void => settle(Buffer.concat(chunks));
  const onClose = (): void => settle('left');
  const timer = setTimeout(() => settle(new Refusal('request_too_slow', 'the body')), timeoutMs);
  incoming.on('data', onData).on('end', onEnd).on('close', onClose);
  return promise;
}
