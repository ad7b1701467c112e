import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { FieldError } from '../refusal.ts';
import { Refusal } from '../refusal.ts';
import { parseJson } from './json.ts';

/** Why a body is not accepted. */
export type BodyReason = 'body_too_large' | 'body_not_json' | 'body_wrong';

const MAX_ERRORS = 10;
/** Field names that a client made up are repeated to it, but not at any length. */
const MAX_FIELD_CHARACTERS = 64;

/** A parameter that appears twice is refused: two hops could disagree on which of them counts. */
export const REPEATED = 'must be given once';

/** `value` as parsed by `schema`, or a refusal that names each field that is wrong. */
export function checkInput<Schema extends z.ZodType, Reason extends string>(
  schema: Schema,
  value: unknown,
  reason: Reason,
): z.output<Schema> | Refusal<Reason> {
  const parsed = schema.safeParse(value, { error: messageOf });
  return parsed.success ? parsed.data : new Refusal(reason, { errors: fieldErrors(parsed.error) });
}

/** The message for a fault that the schema has none for. */
const messageOf: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_type')
    return issue.input === undefined ? 'is required' : `must be of type ${issue.expected}`;
  if (issue.code === 'invalid_value') return `must be ${issue.values.join(' or ')}`;
  const unit = { string: ' characters', array: ' items' }[String(issue.origin)] ?? '';
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}${unit}`;
  return issue.code === 'too_small' ? `must be at least ${issue.minimum}${unit}` : undefined;
};

const fieldErrors = ({ issues }: z.ZodError): FieldError[] =>
  issues.flatMap(errorsOfIssue).slice(0, MAX_ERRORS);

function errorsOfIssue(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code !== 'unrecognized_keys') return [fieldError(issue.path, issue.message)];
  return issue.keys.map((key) => fieldError([...issue.path, key], 'is not a known field'));
}

const fieldError = (path: readonly PropertyKey[], message: string): FieldError => ({
  field: path.map(String).join('.').slice(0, MAX_FIELD_CHARACTERS),
  message,
});

/** Checks query parameters, given as all values of each name. Each parameter may appear once. */
export function checkQuery<Schema extends z.ZodType>(
  parameters: Readonly<Record<string, readonly string[]>>,
  schema: Schema,
): z.output<Schema> | Refusal<'query_wrong'> {
  const given = Object.entries(parameters);
  const errors = given
    .filter(([, values]) => values.length > 1)
    .map(([name]) => fieldError([name], REPEATED))
    .slice(0, MAX_ERRORS);
  if (errors.length > 0) return new Refusal('query_wrong', { errors });
  return checkInput(schema, Object.fromEntries(given.map(([name, [value]]) => [name, value])), 'query_wrong');
}

/** A whole number in text. */
export const integerText = (min: number, max: number, form = /^\d{1,15}$/) => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(form, { error, abort: true })
    .transform(Number)
    .refine((value) => value >= min && value <= max, error);
};

/** A whole number in a query parameter that may be left out. Leading zeros are refused. */
export const integerParameter = (min: number, max: number, preset: number) =>
  integerText(min, max, /^(?:0|[1-9]\d{0,14})$/)
    .default(preset)
    .describe(`From ${min} to ${max}. Defaults to ${preset}.`);

/** Checks a JSON body (RFC 8259) that has been read. */
export function parseJsonBody<Schema extends z.ZodType>(
  { headers }: Pick<IncomingMessage, 'headers'>,
  bytes: Uint8Array,
  schema: Schema,
): z.output<Schema> | Refusal<BodyReason> {
  const body = parseJson(headers['content-type'], bytes);
  return body instanceof Refusal ? body : checkInput(schema, body.value, 'body_wrong');
}

/** The whole body, unless it is longer than `maxBytes`. */
export async function readBytes(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  maxBytes: number,
): Promise<Buffer | Refusal<'body_too_large'>> {
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) return new Refusal('body_too_large');
  if (incoming.headers.expect !== undefined) outgoing.writeContinue();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return new Refusal('body_too_large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
