import fc from 'fast-check';
import type { JsonSchema } from '../../src/openapi/document-shape.ts';
import type { DocumentedApi, DocumentedOperation } from '../support/documented-api.ts';
import { oddBytes, oddText, oddValue } from '../support/odd-input.ts';

/** A random, mostly invalid request to an operation. */
export interface Rubbish {
  operation: DocumentedOperation;
  /** The path as it is sent, with its parameters, and the query with its `?`. */
  target: string;
  headers: Record<string, string>;
  body: Buffer | undefined;
}

/** The parts of a valid request, which are mixed with random ones. */
export interface Known {
  path: Record<string, string>;
  headers: Record<string, string>;
  /** A valid body. */
  members: [string, unknown][];
}

/** An object with some known and some unknown names, and mostly invalid values. */
const oddMembers = (names: readonly string[]): fc.Arbitrary<[string, unknown][]> => {
  const name =
    names.length === 0 ? oddText : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...names) }, oddText);
  return fc.array(fc.tuple(name, oddValue), { maxLength: names.length + 1 });
};

const asJson = (members: [string, unknown][]): string =>
  `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value) ?? 'null'}`).join()}}`;

const asForm = (members: [string, unknown][]): string =>
  members.map(([name, value]) => `${escaped(name)}=${escaped(String(value))}`).join('&');

const escaped = (text: string): string => encodeURIComponent(text.toWellFormed());

/** Characters that Node accepts in a path, a query or a header value. */
const inTarget = (text: string): string => text.replace(/[^\x21-\xff]|[?#]/g, '');
const inHeader = (text: string): string => text.replace(/[^\x20-\x7e\x80-\xff]/g, '');

const ODD_TYPES = [
  '',
  'text/plain',
  'application/json; charset=utf-16',
  'application/jsonp',
  'multipart/form-data',
  '*/*',
];
const ODD_HEADERS = [
  'x-forwarded-for',
  'forwarded',
  'cookie',
  'authorization',
  'origin',
  'sec-fetch-site',
  'user-agent',
  'accept',
  'if-none-match',
  'range',
  'idempotency-key',
  'last-event-id',
  'x-background',
  'x-request-id',
  'accept-encoding',
];

/** Random requests to one operation. */
export function rubbishFor(
  api: DocumentedApi,
  operation: DocumentedOperation,
  known: Known,
): fc.Arbitrary<Rubbish> {
  const parameters = operation.operation.parameters ?? [];
  const queryNames = parameters.filter((one) => one.in === 'query').map(({ name }) => name);
  const names = [...operation.path.matchAll(/{(\w+)}/g)].map(([, name]) => name ?? '');
  const value = (name: string) =>
    fc.oneof(
      { weight: 2, arbitrary: fc.constant(known.path[name] ?? 'x') },
      fc.oneof(oddText.map(inTarget), oddText.map(escaped)),
    );
  const path = fc.record(Object.fromEntries(names.map((name) => [name, value(name)])));
  const query = fc.oneof(
    { weight: 2, arbitrary: fc.constant('') },
    oddMembers(queryNames).map((members) => `?${asForm(members)}`),
    oddText.map((text) => `?${inTarget(text)}`),
  );
  return fc
    .record({ path, query, headers: headersFor(operation, known), body: bodyFor(api, operation, known) })
    .map(({ path: filled, query: asked, headers, body }) => ({
      operation,
      target: operation.path.replace(/{(\w+)}/g, (_, name: string) => filled[name] ?? '') + asked,
      headers,
      body,
    }));
}

function headersFor({ operation }: DocumentedOperation, known: Known): fc.Arbitrary<Record<string, string>> {
  const [type = 'application/json'] = Object.keys(operation.requestBody?.content ?? {});
  const contentType = fc.oneof({ weight: 5, arbitrary: fc.constant(type) }, fc.constantFrom(...ODD_TYPES));
  const odd = fc.dictionary(fc.constantFrom(...ODD_HEADERS), oddText.map(inHeader), { maxKeys: 2 });
  const credential = fc.oneof(
    { weight: 6, arbitrary: fc.constant(known.headers) },
    fc.constant({}),
    oddText.map((text) => ({ authorization: `Bearer ${inHeader(text)}` })),
  );
  return fc
    .record({ contentType, odd, credential })
    .map((given) => ({ ...given.odd, ...given.credential, 'content-type': given.contentType }));
}

function bodyFor(
  api: DocumentedApi,
  { operation }: DocumentedOperation,
  { members: good }: Known,
): fc.Arbitrary<Buffer | undefined> {
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const nothing = fc.constant(undefined);
  if (content === undefined) return fc.oneof({ weight: 4, arbitrary: nothing }, oddBytes);
  const write = type === 'application/json' ? asJson : asForm;
  const odd = oddMembers(memberNames(api, content.schema));
  const mixed = fc.tuple(fc.shuffledSubarray(good), odd).map((parts) => new Map(parts.flat()));
  return fc.oneof(
    { weight: 2, arbitrary: odd.map((given) => Buffer.from(write(given))) },
    { weight: 3, arbitrary: mixed.map((given) => Buffer.from(write([...given]))) },
    { weight: 2, arbitrary: oddBytes },
    oddValue.map((value) => Buffer.from(JSON.stringify(value) ?? '')),
    nothing,
  );
}

/** The members of a body, as documented. */
export function memberNames(api: DocumentedApi, schema: JsonSchema): string[] {
  const name = schema.$ref?.split('/').at(-1);
  const found = name === undefined ? schema : api.document.components.schemas[name];
  return Object.keys(found?.properties ?? {});
}
