import type { Context } from 'hono';
import type { z } from 'zod';
import { fieldError, fieldErrors } from '../http/field-errors.ts';
import { type BankEnv, type BankReason, BankRefusal } from './problem.ts';

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
  const value = parseJson(bytes);
  return value === undefined ? notJson() : checked(schema, value, 'body_wrong');
}

/** `value` as `schema` has it, or a refusal that names each field that is wrong. */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  reason: BankReason,
): z.output<Schema> | BankRefusal {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  return new BankRefusal(reason, fieldErrors(parsed.error));
}

const notJson = (): BankRefusal => new BankRefusal('body_wrong', [fieldError([], 'wants JSON in UTF-8')]);

/** The value, or undefined when the bytes are no JSON in UTF-8. */
function parseJson(bytes: ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
