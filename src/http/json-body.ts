import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { Refusal } from '../refusal.ts';
import { fieldError, fieldErrors } from './field-errors.ts';
import type { FieldError } from './problem.ts';

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
  const body = await readJson(incoming, outgoing, maxBytes);
  if (body instanceof BodyRefusal) return body;
  const parsed = schema.safeParse(body.value);
  return parsed.success ? parsed.data : new BodyRefusal('body_wrong', fieldErrors(parsed.error));
}

/**
 * Reads any JSON body of at most `maxBytes` and gives its text, less white space at its ends: numbers keep all their
 * digits, and no depth of nesting is too much.
 */
export async function readJsonText(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  maxBytes: number,
): Promise<string | BodyRefusal> {
  const body = await readJson(incoming, outgoing, maxBytes);
  return body instanceof BodyRefusal ? body : body.text.trim();
}

/** The text of the body and its value. */
async function readJson(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  maxBytes: number,
): Promise<{ text: string; value: unknown } | BodyRefusal> {
  if (!/^application\/json *(?:; *charset="?utf-8"? *)?$/i.test(incoming.headers['content-type'] ?? '')) {
    return new BodyRefusal('body_not_json');
  }
  const bytes = await readBytes(incoming, outgoing, maxBytes);
  return bytes instanceof BodyRefusal ? bytes : parseJson(bytes);
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

function parseJson(bytes: Buffer): { text: string; value: unknown } | BodyRefusal {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { text, value: JSON.parse(text) };
  } catch {
    return new BodyRefusal('body_wrong', [fieldError([], 'wants JSON in UTF-8')]);
  }
}
