import { z } from 'zod';
import type { JsonSchema } from './document-shape.ts';

/** Which side of a schema is meant: what a client writes, or what it is given. */
export type Side = 'input' | 'output';

const REFERENCE = '#/components/schemas/';

/** Schemas that have a name in the document, and their JSON Schema. */
export class NamedSchemas {
  readonly #names = new Map<z.ZodType, string>();
  readonly #registries = {
    input: z.registry<{ id: string }>(),
    output: z.registry<{ id: string }>(),
  };

  constructor(named: Record<Side, Readonly<Record<string, z.ZodType>>>) {
    for (const side of ['input', 'output'] as const) {
      for (const [id, schema] of Object.entries(named[side])) {
        this.#registries[side].add(schema, { id });
        this.#names.set(schema, id);
      }
    }
  }

  /** All of them, by name. */
  components(): Record<string, JsonSchema> {
    const sides = (['input', 'output'] as const).map((io) => {
      const uri = (id: string): string => REFERENCE + id;
      return z.toJSONSchema(this.#registries[io], { uri, io, override: plain }).schemas;
    });
    const all = Object.entries(Object.assign({}, ...sides) as Record<string, JsonSchema>);
    return Object.fromEntries(all.sort(byName).map(([name, schema]) => [name, bare(schema)]));
  }

  /** A reference to a schema that has a name, or the schema itself. */
  use(schema: z.ZodType, io: Side): JsonSchema {
    const name = this.#names.get(schema);
    return name === undefined
      ? bare(z.toJSONSchema(schema, { io, override: plain }) as JsonSchema)
      : { $ref: REFERENCE + name };
  }
}

/** `date-time` says all that zod's pattern for it says. */
function plain({ jsonSchema }: { jsonSchema: { format?: string; pattern?: string } }): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
}

/** The dialect and the place of a schema are those of the document. */
function bare(schema: JsonSchema): JsonSchema {
  const { $schema: _dialect, $id: _place, ...rest } = schema as JsonSchema & Record<string, unknown>;
  return rest;
}

const byName = ([one]: [string, unknown], [other]: [string, unknown]): number => (one < other ? -1 : 1);
