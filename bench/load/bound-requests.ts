import { type KeyObject, randomBytes, sign } from 'node:crypto';
import { accessTokenHash } from '../../src/jwt/dpop/proof.ts';
import { type ClientKey, clientKey } from '../sessions/client-key.ts';
import type { Tokens } from '../sessions/token-cache.ts';
import {
  type PlannedRequest,
  type RequestShape,
  type RequestSource,
  readTokens,
  requestParts,
} from './requests.ts';

/** What does not change of a session's requests. */
interface BoundClient {
  readonly key: KeyObject;
  /** The request up to the signed part of the proof. */
  readonly head: Buffer;
  /** The header of its proofs with the dot behind it. */
  readonly proofHeader: string;
  /** The claim `ath`. */
  readonly tokenHash: string;
}

const encode = (text: string): string => Buffer.from(text).toString('base64url');

/**
 * The requests of sessions that are bound to a key each. A proof counts once and for a minute, so each request is signed
 * when it is sent: about 30 µs, and far less than the server needs for it.
 */
export class BoundRequests {
  readonly #clients: readonly BoundClient[];
  readonly #tail: Buffer;
  readonly #method: string;
  readonly #url: string;
  readonly #jtiPrefix = randomBytes(12).toString('base64url');
  #sent = 0;

  constructor({ file, tokenBytes, count, batch }: Tokens, shape: RequestShape) {
    const tokens = readTokens(file, tokenBytes, 0, count);
    const [before, after] = requestParts(shape, 'authorization: DPoP ');
    this.#tail = after;
    this.#method = shape.method;
    this.#url = batch.issuer + shape.path;
    this.#clients = Array.from({ length: count }, (_, n) => {
      const token = tokens.subarray(n * tokenBytes, (n + 1) * tokenBytes);
      return clientOf(before, token, clientKey(n));
    });
  }

  /** The requests of the first `sessions` in rotation, all with the same expected response. */
  rotation(sessions: number, expected: Omit<PlannedRequest, 'bytes'>): RequestSource {
    let next = 0;
    return () => {
      const client = this.#clients[next];
      if (client === undefined) throw new Error(`there are fewer than ${sessions} bound sessions`);
      next = next + 1 === sessions ? 0 : next + 1;
      return { bytes: this.#requestOf(client), ...expected };
    };
  }

  #requestOf({ head, key, proofHeader, tokenHash }: BoundClient): Buffer {
    this.#sent += 1;
    const claims = JSON.stringify({
      htm: this.#method,
      htu: this.#url,
      iat: Math.floor(Date.now() / 1000),
      jti: `${this.#jtiPrefix}${this.#sent}`,
      ath: tokenHash,
    });
    const signed = proofHeader + encode(claims);
    const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
    return Buffer.concat([head, Buffer.from(`${signed}.${signature.toString('base64url')}`), this.#tail]);
  }
}

function clientOf(before: Buffer, token: Buffer, { jwk, privateKey }: ClientKey): BoundClient {
  return {
    key: privateKey(),
    head: Buffer.concat([before, token, Buffer.from('\r\ndpop: ')]),
    proofHeader: `${encode(JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk }))}.`,
    tokenHash: accessTokenHash(token.toString('latin1')),
  };
}
