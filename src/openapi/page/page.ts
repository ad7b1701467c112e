import { html, raw } from 'hono/html';
import type { ApiDocument, ResponseObject } from '../document-shape.ts';
import { methodAndPath, operationsOf, operationView, type PlacedOperation } from './operation-view.ts';
import { type Html, inline, prose } from './prose.ts';
import { schemaAnchor, schemaView } from './schema-view.ts';
import { STYLE } from './style.ts';

/** The API reference documentation: the OpenAPI document as a page. */
export async function docsPage(document: ApiDocument): Promise<string> {
  const operations = operationsOf(document);
  const common = commonResponses(operations);
  return String(
    await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="${document.info.summary}">
<title>${document.info.title} API reference</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<div class="page">
${introduction(document)}
${navigation(document, operations)}
<main id="content">
${credentialsView(document)}
<h2 id="routes">Routes</h2>
${commonView(common)}
${document.tags.map((tag) => tagView(tag, operations, new Set(common.keys())))}
${schemasView(document)}
</main>
</div>
</body>
</html>
`,
  );
}

const navigation = ({ tags }: ApiDocument, operations: readonly PlacedOperation[]): Html => html`
<nav aria-label="Routes">
${tags.map(
  ({ name }) => html`<h2>${name}</h2>
<ul>${withTag(operations, name).map(
    ({ method, path, operation }) =>
      html`<li><a href="#${operation.operationId}">${methodAndPath(method, path)}</a></li>`,
  )}</ul>`,
)}
<h2><a href="#schemas">Schemas</a></h2>
</nav>`;

const introduction = ({ info, servers }: ApiDocument): Html => html`
<header>
<h1>${info.title} API reference</h1>
${prose(info.description)}
<p>Base URL: ${servers.map(({ url }) => html`<code>${url}</code>`)}. The OpenAPI document is
<a href="openapi.json">openapi.json</a>.</p>
</header>`;

const credentialsView = ({ components }: ApiDocument): Html => html`
<h2 id="credentials">Credentials</h2>
<dl class="credentials">${Object.entries(components.securitySchemes).map(
  ([name, { description }]) => html`<dt>${name}</dt><dd>${inline(description)}</dd>`,
)}</dl>`;

const withTag = (operations: readonly PlacedOperation[], name: string): PlacedOperation[] =>
  operations.filter(({ operation }) => operation.tags.includes(name));

const tagView = (
  { name, description }: ApiDocument['tags'][number],
  operations: readonly PlacedOperation[],
  commonStatuses: ReadonlySet<string>,
): Html => html`
<section>
<h3>${name}</h3>
${prose(description)}
${withTag(operations, name).map((placed) => operationView(placed, commonStatuses))}
</section>`;

/** The responses that all operations have in common, by status. */
function commonResponses(operations: readonly PlacedOperation[]): Map<string, ResponseObject> {
  const [first, ...others] = operations.map(({ operation }) => operation.responses);
  const isCommon = ([status, response]: [string, ResponseObject]): boolean =>
    others.every((responses) => JSON.stringify(responses[status]) === JSON.stringify(response));
  return new Map(Object.entries(first ?? {}).filter(isCommon));
}

const commonView = (responses: ReadonlyMap<string, ResponseObject>): Html => html`
<p>Every route can also respond with:</p>
<dl>${[...responses].map(
  ([status, { description }]) => html`<dt>${status}</dt><dd>${prose(description)}</dd>`,
)}</dl>`;

const schemasView = ({ components }: ApiDocument): Html => html`
<h2 id="schemas">Schemas</h2>
${Object.entries(components.schemas)
  .toSorted(([one], [other]) => (one < other ? -1 : 1))
  .map(
    ([name, schema]) => html`
<article id="${schemaAnchor(name)}" aria-labelledby="${schemaAnchor(name)}-title">
<h3 id="${schemaAnchor(name)}-title">${name}</h3>
${schemaView(schema, `Members of ${name}`)}
</article>`,
  )}`;
