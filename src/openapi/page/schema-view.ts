import { html } from 'hono/html';
import type { JsonSchema } from '../document-shape.ts';
import { type Html, inline } from './prose.ts';

const REFERENCE = '#/components/schemas/';

export const schemaAnchor = (name: string): string => `schema-${name}`;

/** The type of a value in a few words. A named schema becomes a link. */
export function typeOf(schema: JsonSchema): Html {
  const { $ref, anyOf, allOf, items, type } = schema;
  if ($ref !== undefined) return linkTo($ref.slice(REFERENCE.length));
  if (allOf?.[0] !== undefined) return typeOf(allOf[0]);
  const choices = anyOf ?? schema.oneOf;
  if (choices !== undefined) return joined(choices.map(typeOf), ' or ');
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.enum !== undefined) return joined(schema.enum.map(literal), ' or ');
  if (items !== undefined) return html`list of ${typeOf(items)}`;
  const types = type === undefined ? ['any JSON value'] : [type].flat();
  return html`${types.join(' or ')}${limits(schema)}`;
}

const literal = (value: unknown): Html => html`<code>${JSON.stringify(value)}</code>`;

const linkTo = (name: string): Html => html`<a href="#${schemaAnchor(name)}">${name}</a>`;

const joined = (parts: readonly Html[], between: string): Html =>
  html`${parts.map((part, index) => (index === 0 ? part : html`${between}${part}`))}`;

function limits({ format, minLength, maxLength, minimum, maximum }: JsonSchema): string {
  const shown = [
    format,
    minLength && (minLength === 1 ? 'not empty' : `at least ${minLength} characters`),
    maxLength && `at most ${maxLength} characters`,
    minimum !== undefined && `from ${minimum}`,
    maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER && `to ${maximum}`,
  ].filter((part) => typeof part === 'string');
  return shown.length === 0 ? '' : `, ${shown.join(', ')}`;
}

/** The members of an object as a table, or the type of anything else in one line. */
export function schemaView(schema: JsonSchema, label: string): Html {
  const { properties, required = [] } = schema;
  if (properties === undefined) return html`<p>${typeOf(schema)}</p>`;
  const rows = Object.entries(properties).map(([name, member]) => ({
    name,
    schema: member,
    isRequired: required.includes(name),
    description: member.description,
  }));
  return memberTable(label, rows);
}

interface MemberRow {
  name: string;
  schema: JsonSchema;
  isRequired: boolean;
  description?: string | undefined;
}

export const memberTable = (label: string, rows: readonly MemberRow[]): Html => html`
  <div class="scroll" role="region" tabindex="0" aria-label="${label}">
    <table>
      <thead><tr><th scope="col">Name</th><th scope="col">Value</th><th scope="col">Meaning</th></tr></thead>
      <tbody>${rows.map(memberRow)}</tbody>
    </table>
  </div>`;

const memberRow = ({ name, schema, isRequired, description }: MemberRow): Html => html`
  <tr>
    <th scope="row"><code>${name}</code>${isRequired ? '' : html` <small>optional</small>`}</th>
    <td>${typeOf(schema)}${defaultValue(schema)}</td>
    <td>${description === undefined ? '' : inline(description)}</td>
  </tr>`;

const defaultValue = (schema: JsonSchema): Html | string =>
  schema.default === undefined ? '' : html`; defaults to <code>${JSON.stringify(schema.default)}</code>`;
