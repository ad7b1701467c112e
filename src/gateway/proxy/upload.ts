import type { IncomingMessage } from 'node:http';
import { Transform, type TransformCallback } from 'node:stream';
import { Refusal } from '../../refusal.ts';
import type { GatewayReason } from '../problems/table.ts';
import { noteBodyBytes } from './body-buffers.ts';
import type { EndReason } from './recheck.ts';
import { BodyRefused } from './upstream-errors.ts';

export interface UploadOptions {
  maxBytes: number;
  /** Asks whether the upload is still granted. @throws if that cannot be known */
  judge: () => Promise<Refusal<GatewayReason> | undefined>;
}

/**
 * A body that is too long to be held, on its way to the upstream. Its end is kept back until the upload has been judged
 * again: the bytes that complete a declared length, or the last chunk of a chunked body (RFC 9112, section 7.1), which
 * undici sends when the stream ends. So an upload that is no longer granted is never complete at the upstream.
 */
export class Upload extends Transform {
  readonly #options: UploadOptions;
  readonly #declaredBytes: number;
  #passed = 0;
  #last: Buffer | undefined;

  constructor(options: UploadOptions, declaredBytes = Number.POSITIVE_INFINITY) {
    super();
    this.#options = options;
    this.#declaredBytes = declaredBytes;
    // An error before anything else listens would end the process.
    this.on('error', () => {});
  }

  /**
   * The body of a request. It is never the client's own stream, so that destroying it early does not close the
   * connection that needs a response.
   */
  static of(incoming: IncomingMessage, options: UploadOptions): Upload {
    const declared = incoming.headers['content-length'];
    const upload = new Upload(options, declared === undefined ? undefined : Number(declared));
    incoming.on('error', (fault) => upload.destroy(fault));
    incoming.pipe(upload).on('close', () => incoming.resume());
    return upload;
  }

  /** Ends the upload, unless all of it has been released. */
  refuse(refusal: Refusal<GatewayReason>): void {
    this.destroy(new BodyRefused(refusal));
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#passed += chunk.length;
    noteBodyBytes(chunk.length);
    if (this.#passed > this.#options.maxBytes) {
      done(new BodyRefused(new Refusal('body_too_large')));
      return;
    }
    if (this.#passed < this.#declaredBytes) {
      // A response that has arrived is read before more is written, because a write can fail and end the connection.
      setImmediate(done, null, chunk);
      return;
    }
    this.#last = chunk;
    done();
  }

  override _flush(done: TransformCallback): void {
    void this.#options.judge().then(
      (refusal) => (refusal === undefined ? done(null, this.#last) : done(new BodyRefused(refusal))),
      () => done(new BodyRefused(new Refusal('redis_unavailable'))),
    );
  }
}

/** The refusal of an upload that would no longer be granted as it was: the one that the same request would get now. */
export function refusalOfEnd(reason: EndReason): Refusal<GatewayReason> {
  if (reason === 'key_retired') return new Refusal('token_signature', reason);
  return reason === 'role_changed' ? new Refusal('scope_missing', reason) : new Refusal(reason);
}
