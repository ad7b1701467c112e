import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { type BodyReason, checkInput } from '../../http/input.ts';
import { parseJson } from '../../http/json.ts';
import { Refusal } from '../../refusal.ts';
import { hasBody } from '../edge/body.ts';
import type { RequestContext } from '../request-context.ts';

export interface OwnBodyLimits {
  maxBytes: number;
  /** For the whole body, from the moment that it is read. */
  timeoutMs: number;
}

/** Why the body of a request to an own route is not accepted. */
export type OwnBodyReason = BodyReason | 'request_too_slow';
type Unread = Refusal<'body_too_large' | 'request_too_slow'>;

/** A request for one of the gateway's own routes. */
export interface OwnRequestContext extends RequestContext {
  body: OwnBody;
}

/** The context with the body, and with the time at which the body was complete as `nowMs`. */
export function withOwnBody(
  context: RequestContext,
  limits: OwnBodyLimits,
  now: () => number,
): OwnRequestContext {
  const onRead = (): void => {
    own.nowMs = now();
  };
  const own: OwnRequestContext = { ...context, body: new OwnBody(context, limits, onRead) };
  return own;
}

/**
 * The body of a request for an own route. It is read once and as a whole, before anything about the user is checked: a
 * client decides how long it takes, and authority is checked when it is used (`./guards.ts`).
 */
export class OwnBody {
  readonly #request: Pick<RequestContext, 'incoming' | 'outgoing'>;
  readonly #limits: OwnBodyLimits;
  readonly #onRead: () => void;
  #whole: Promise<Buffer | Unread> | undefined;

  constructor(
    request: Pick<RequestContext, 'incoming' | 'outgoing'>,
    limits: OwnBodyLimits,
    onRead: () => void,
  ) {
    this.#request = request;
    this.#limits = limits;
    this.#onRead = onRead;
  }

  /** Whether the request has a body. */
  get exists(): boolean {
    return hasBody(this.#request.incoming);
  }

  /** The bytes, or why they were not read. Rejects if the client leaves. */
  whole(): Promise<Buffer | Unread> {
    this.#whole ??= this.#read().finally(this.#onRead);
    return this.#whole;
  }

  /** The body as JSON (RFC 8259), checked. */
  async json<Schema extends z.ZodType>(schema: Schema): Promise<z.output<Schema> | Refusal<OwnBodyReason>> {
    const bytes = await this.whole();
    if (bytes instanceof Refusal) return bytes;
    const parsed = parseJson(this.#request.incoming.headers['content-type'], bytes);
    return parsed instanceof Refusal ? parsed : checkInput(schema, parsed.value, 'body_wrong');
  }

  /** The body as JSON text, trimmed. Unlike the parsed value it keeps all digits of numbers. */
  async jsonText(): Promise<string | Refusal<OwnBodyReason>> {
    const bytes = await this.whole();
    if (bytes instanceof Refusal) return bytes;
    const parsed = parseJson(this.#request.incoming.headers['content-type'], bytes);
    return parsed instanceof Refusal ? parsed : parsed.text.trim();
  }

  async #read(): Promise<Buffer | Unread> {
    const { incoming, outgoing } = this.#request;
    if (!this.exists) return Buffer.alloc(0);
    if (Number(incoming.headers['content-length'] ?? 0) > this.#limits.maxBytes)
      return new Refusal('body_too_large');
    if (incoming.headers.expect !== undefined) outgoing.writeContinue();
    return readWhole(incoming, this.#limits);
  }
}

function readWhole(
  incoming: IncomingMessage,
  { maxBytes, timeoutMs }: OwnBodyLimits,
): Promise<Buffer | Unread> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | Unread>();
  const chunks: Buffer[] = [];
  let size = 0;
  const listeners = {
    data: (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBytes) resolve(new Refusal('body_too_large'));
      else chunks.push(chunk);
    },
    end: (): void => resolve(Buffer.concat(chunks)),
    error: reject,
    close: (): void => reject(new Error('the client left before the end of the body')),
  };
  const timer = setTimeout(() => resolve(new Refusal('request_too_slow')), timeoutMs);
  for (const [event, listener] of Object.entries(listeners)) incoming.on(event, listener);
  if (incoming.destroyed && !incoming.complete) listeners.close();
  return promise.finally(() => {
    clearTimeout(timer);
    // What is left is discarded once the response is sent (../edge/body.ts).
    incoming.pause();
    for (const [event, listener] of Object.entries(listeners)) incoming.off(event, listener);
  });
}
