import type { Context } from 'hono';
import type { z } from 'zod';
import { type BankEnv, type BankReason, BankRefusal, type FieldError } from './problem.ts';

const ERRORS_TOLD_MOST = 10;
const FIELD_MOST_CHARACTERS = 64;
const JSON_TYPE = /^application\/json *(?:; *charset="?utf-8"? *)?$/i;

/** The query, checked. A parameter that is not known or comes twice is refused, not passed over. */
export function queryOf<Schema extends z.ZodType>(
  c: Context<BankEnv>,
  schema: Schema,
): z.output<Schema> | BankRefusal {
  const given = c.req.url.includes('?') ? c.req.queries() : {};
  const twice = Object.keys(given).find((name) => (given[name]?.length ?? 0) > 1);
  if (twice !== undefined)
    return new BankRefusal('query_wrong', [fieldError([twice], 'wants to be given once')]);
  const once = Object.fromEntries(Object.entries(given).map(([name, [value = '']]) => [name, value]));
  return checked(schema, once, 'query_wrong');
}

/** The JSON body (RFC 8259), checked. Its size has been limited before. */
export async function bodyOf<Schema extends z.ZodType>(
  c: Context<BankEnv>,
  schema: Schema,
): Promise<z.output<Schema> | BankRefusal> {
  if (!JSON_TYPE.test(c.req.header('content-type') ?? '')) return new BankRefusal('body_not_json');
  const bytes = await c.req.arrayBuffer().catch(() => undefined);
  if (bytes === undefined) return new BankRefusal('body_incomplete');
  return checked(schema, parseJson(bytes), 'body_wrong');
}

/** `value` as `schema` has it, or a refusal that names each field that is wrong. */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  reason: BankReason,
): z.output<Schema> | BankRefusal {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  return new BankRefusal(reason, parsed.error.issues.flatMap(fieldErrors).slice(0, ERRORS_TOLD_MOST));
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code !== 'unrecognized_keys') return [fieldError(issue.path, issue.message)];
  return issue.keys.map((key) => fieldError([...issue.path, key], 'is not known here'));
}

const fieldError = (path: readonly PropertyKey[], message: string): FieldError => ({
  field: path.map(String).join('.').slice(0, FIELD_MOST_CHARACTERS),
  message,
});

/** The value, or undefined (which no schema takes) when the bytes are no JSON in UTF-8. */
function parseJson(bytes: ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
