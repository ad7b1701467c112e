import { type Agent, request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { WholeAnswer } from './documented-api.ts';

export interface PlainRequest {
  method: string;
  /** Path and query, sent as they are. */
  target: string;
  headers?: Record<string, string>;
  body?: Buffer | undefined;
  agent?: Agent;
}

/** Sends what `fetch` would tidy up or refuse. Of an event stream only the beginning is read. */
export function sendPlain(
  origin: string,
  { method, target, headers, body, agent }: PlainRequest,
): Promise<WholeAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<WholeAnswer>();
  const { hostname, port } = new URL(origin);
  const sent = request(
    { hostname, port, method, path: target, agent, headers: withLength(headers, body) },
    (answer) => {
      const facts = { status: answer.statusCode ?? 0, contentType: answer.headers['content-type'] ?? null };
      if (facts.contentType === 'text/event-stream') {
        answer.on('error', () => {});
        sent.destroy();
        return resolve({ ...facts, body: '…' });
      }
      answer.on('error', reject);
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const decode = DECODERS[answer.headers['content-encoding'] ?? ''] ?? ((as: Buffer) => as);
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
