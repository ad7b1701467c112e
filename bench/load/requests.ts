import { closeSync, openSync, readSync } from 'node:fs';
import { cookieSession } from '../sessions/cookie-session.ts';
import type { Tokens } from '../sessions/token-cache.ts';

/** A request as it is written to the socket, and its expected response. */
export interface PlannedRequest {
  readonly bytes: Buffer;
  readonly status: number;
  /** Undefined accepts any body. */
  readonly body: Buffer | undefined;
}

/** Returns the next request: each time that of the next session. */
export type RequestSource = () => PlannedRequest;

export interface RequestShape {
  readonly method: 'GET' | 'POST';
  /** The path at the gateway. */
  readonly path: string;
  /** The body as JSON. */
  readonly body?: string;
}

/** The bytes before and after the credential of a browser-like request. */
export function requestParts(
  { method, path, body }: RequestShape,
  credentialHeader: string,
): [Buffer, Buffer] {
  const before = [
    `${method} ${path} HTTP/1.1`,
    'host: bank.example',
    'accept: application/json',
    'accept-encoding: gzip, deflate, br',
    'accept-language: en',
    'user-agent: portcullis-bench',
    ...(body === undefined ? [] : ['content-type: application/json', `content-length: ${body.length}`]),
    credentialHeader,
  ];
  return [Buffer.from(before.join('\r\n')), Buffer.from(`\r\n\r\n${body ?? ''}`)];
}

/** The complete requests of many sessions, one after the other in one buffer: sending one allocates and copies nothing. */
export class RequestStore {
  readonly count: number;
  readonly #bytes: Buffer;
  readonly #each: number;

  private constructor(bytes: Buffer, count: number) {
    this.#bytes = bytes;
    this.count = count;
    this.#each = bytes.length / count;
  }

  /** Requests with access tokens `from` to `from + count`. */
  static ofTokens({ file, tokenBytes }: Tokens, shape: RequestShape, count: number, from = 0): RequestStore {
    const tokens = readTokens(file, tokenBytes, from, count);
    const parts = requestParts(shape, 'authorization: Bearer ');
    return RequestStore.#assemble(parts, count, tokenBytes, (n, target, at) => {
      tokens.copy(target, at, n * tokenBytes, (n + 1) * tokenBytes);
    });
  }

  /** Requests with the cookies of sessions 0 to `count` − 1. */
  static ofCookies(secret: string, shape: RequestShape, count: number): RequestStore {
    const cookies = Array.from({ length: count }, (_, n) => cookieSession(n, secret).cookie);
    // Cookies differ in length, because their signatures are percent-encoded. A second cookie fills the difference.
    const longest = Math.max(...lengthsOf(cookies)) + PADDING.length + 1;
    return RequestStore.#assemble(requestParts(shape, 'cookie: '), count, longest, (n, target, at) => {
      target.write(`${cookies[n]}${PADDING}`.padEnd(longest, '0'), at, 'latin1');
    });
  }

  static #assemble(
    [before, after]: [Buffer, Buffer],
    count: number,
    credentialBytes: number,
    writeCredential: (n: number, target: Buffer, at: number) => void,
  ): RequestStore {
    const each = before.length + credentialBytes + after.length;
    const bytes = Buffer.allocUnsafeSlow(count * each);
    for (let n = 0; n < count; n += 1) {
      const start = n * each;
      before.copy(bytes, start);
      writeCredential(n, bytes, start + before.length);
      after.copy(bytes, start + before.length + credentialBytes);
    }
    return new RequestStore(bytes, count);
  }

  /** The request of session `n`. */
  at(n: number): Buffer {
    return this.#bytes.subarray(n * this.#each, (n + 1) * this.#each);
  }

  /** The requests of the first `sessions` in rotation, all with the same expected response. */
  rotation(sessions: number, expected: Omit<PlannedRequest, 'bytes'>): RequestSource {
    let next = 0;
    return () => {
      const bytes = this.at(next);
      next = next + 1 === sessions ? 0 : next + 1;
      return { bytes, ...expected };
    };
  }
}

const PADDING = '; p=';

const lengthsOf = (texts: readonly string[]): number[] => [...new Set(texts.map(({ length }) => length))];

export function readTokens(file: string, tokenBytes: number, from: number, count: number): Buffer {
  const tokens = Buffer.allocUnsafeSlow(count * tokenBytes);
  const descriptor = openSync(file, 'r');
  try {
    let read = 0;
    while (read < tokens.length) {
      const bytes = readSync(descriptor, tokens, read, tokens.length - read, from * tokenBytes + read);
      if (bytes === 0) throw new Error(`${file} has fewer than ${from + count} tokens`);
      read += bytes;
    }
    return tokens;
  } finally {
    closeSync(descriptor);
  }
}
