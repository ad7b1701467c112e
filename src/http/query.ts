import { z } from 'zod';
import type { GatewayContext } from '../gateway/pipeline/authenticate.ts';
import { Refusal } from '../refusal.ts';
import { fieldErrors } from './field-errors.ts';
import type { FieldError } from './problem.ts';

/** A query that this route can't take, with what the client needs to mend it. */
export class QueryRefusal extends Refusal<'query_wrong'> {
  readonly errors: readonly FieldError[];

  constructor(errors: readonly FieldError[]) {
    super('query_wrong');
    this.errors = errors;
  }
}

/** The query as `schema` has it. A parameter that is given twice is given wrong: nobody can know which one counts. */
export function readQuery<Schema extends z.ZodType>(
  c: GatewayContext,
  schema: Schema,
): z.output<Schema> | QueryRefusal {
  const given = Object.entries(c.req.queries());
  const twice = given.filter(([, values]) => values.length > 1);
  if (twice.length > 0)
    return new QueryRefusal(twice.map(([field]) => ({ field, message: 'is given twice' })));
  const parsed = schema.safeParse(Object.fromEntries(given.map(([name, [value]]) => [name, value])));
  return parsed.success ? parsed.data : new QueryRefusal(fieldErrors(parsed.error));
}

/** How many entries a page is to have: `most` at the most, `preset` unless the client says. */
export const pageLimit = (most: number, preset: number) => {
  const wants = `wants a whole number from 1 to ${most}`;
  return z
    .string()
    .regex(/^[1-9]\d{0,5}$/, { error: wants, abort: true })
    .transform(Number)
    .refine((limit) => limit <= most, wants)
    .default(preset)
    .describe(`from 1 to ${most}; ${preset} unless given`);
};
