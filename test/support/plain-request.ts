import { type Agent, request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { FullResponse } from './documented-api.ts';

export interface PlainRequest {
  method: string;
  /** Path and query, sent unchanged. */
  target: string;
  headers?: Record<string, string>;
  body?: Buffer | undefined;
  agent?: Agent;
}

/** Sends a request that `fetch` would normalize or reject. Only the beginning of an event stream is read. */
export function sendPlain(
  origin: string,
  { method, target, headers, body, agent }: PlainRequest,
): Promise<FullResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<FullResponse>();
  const { hostname, port } = new URL(origin);
  const sent = request(
    { hostname, port, method, path: target, agent, headers: withLength(headers, body) },
    (response) => {
      const facts = {
        status: response.statusCode ?? 0,
        contentType: response.headers['content-type'] ?? null,
      };
      if (facts.contentType === 'text/event-stream') {
        response.on('error', () => {});
        sent.destroy();
        return resolve({ ...facts, body: '…' });
      }
      response.on('error', reject);
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const decode = DECODERS[response.headers['content-encoding'] ?? ''] ?? ((as: Buffer) => as);
        const whole = Buffer.concat(chunks);
        resolve({ ...facts, body: whole.length === 0 ? '' : decode(whole).toString() });
      });
    },
  );
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

const DECODERS: Record<string, (coded: Buffer) => Buffer> = { br: brotliDecompressSync, gzip: gunzipSync };

const withLength = (
  headers: Record<string, string> = {},
  body: Buffer | undefined,
): Record<string, string> =>
  body === undefined ? headers : { ...headers, 'content-length': String(body.length) };
