import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { Refusal } from '../refusal.ts';
import type { FieldError } from './denial.ts';

/** A body that this route can't take, with what the client needs to mend it. */
export class BodyRefusal extends Refusal<'body_too_large' | 'body_not_json' | 'body_wrong'> {
  readonly errors: readonly FieldError[];

  constructor(reason: 'body_too_large' | 'body_not_json' | 'body_wrong', errors: readonly FieldError[] = []) {
    super(reason);
    this.errors = errors;
  }
}

/** Reads a JSON body (RFC 8259) of at most `maxBytes` and checks it against `schema`. */
export async function readJsonBody<Schema extends z.ZodType>(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  schema: Schema,
  maxBytes: number,
): Promise<z.output<Schema> | BodyRefusal> {
  if (!/^application\/json *(?:; *charset="?utf-8"? *)?$/i.test(incoming.headers['content-type'] ?? '')) {
    return new BodyRefusal('body_not_json');
  }
  const bytes = await readBytes(incoming, outgoing, maxBytes);
  if (bytes instanceof BodyRefusal) return bytes;
  const parsed = schema.safeParse(parseJson(bytes));
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
  return new BodyRefusal('body_wrong', errors);
}

/** The whole body, unless it is of more than `maxBytes`. */
export async function readBytes(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  maxBytes: number,
): Promise<Buffer | BodyRefusal> {
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) return new BodyRefusal('body_too_large');
  if (incoming.headers.expect !== undefined) outgoing.writeContinue();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return new BodyRefusal('body_too_large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The value, or undefined (which no schema takes) when the text is no JSON. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
