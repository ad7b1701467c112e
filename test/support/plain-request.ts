import { type Agent, request } from 'node:http';
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
      answer.setEncoding('utf8');
      answer.on('error', reject);
      let text = '';
      answer.on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ ...facts, body: text }));
    },
  );
  sent.on('error', reject);
  sent.end(body);
  return promise;
}

const withLength = (
  headers: Record<string, string> = {},
  body: Buffer | undefined,
): Record<string, string> =>
  body === undefined ? headers : { ...headers, 'content-length': String(body.length) };
