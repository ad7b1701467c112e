import type { Context } from 'hono';
import type { z } from 'zod';
import { checkInput, checkQuery, isJsonType, parseJson } from '../http/input.ts';
import { Refusal } from '../refusal.ts';
import { type BankEnv, type BankReason, BankRefusal } from './problem.ts';

/** The query, checked. A parameter that is not known or comes twice is refused, not passed over. */
export function queryOf<Schema extends z.ZodType>(
  c: Context<BankEnv>,
  schema: Schema,
): z.output<Schema> | BankRefusal {
  return checkQuery(c.req.queries(), schema);
}

/** The JSON body (RFC 8259), checked. Its size has been limited before. */
export async function bodyOf<Schema extends z.ZodType>(
  c: Context<BankEnv>,
  schema: Schema,
): Promise<z.output<Schema> | BankRefusal> {
  if (!isJsonType(c.req.header('content-type'))) return new BankRefusal('body_not_json');
  const bytes = await c.req.arrayBuffer().catch(() => undefined);
  if (bytes === undefined) return new BankRefusal('body_incomplete');
  const body = parseJson(bytes);
  return body instanceof Refusal ? body : checked(schema, body.value, 'body_wrong');
}

/** `value` as `schema` has it, or a refusal that names each field that is wrong. */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  reason: BankReason,
): z.output<Schema> | BankRefusal {
  return checkInput(schema, value, reason);
}
