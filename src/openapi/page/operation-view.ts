import { html } from 'hono/html';
import type {
  ApiDocument,
  Content,
  Method,
  OperationObject,
  ParameterObject,
  ResponseObject,
} from '../document-shape.ts';
import { type Html, inline, prose } from './prose.ts';
import { memberTable, schemaView, typeOf } from './schema-view.ts';

export interface PlacedOperation {
  method: Method;
  path: string;
  operation: OperationObject;
}

export const operationsOf = ({ paths }: ApiDocument): PlacedOperation[] =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method: method as Method, path, operation })),
  );

export const methodAndPath = (method: string, path: string): Html =>
  html`<span class="method ${method}">${method.toUpperCase()}</span> <code>${path}</code>`;

/** One operation. Answers that all operations have, by status, are told elsewhere. */
export const operationView = (
  { method, path, operation }: PlacedOperation,
  toldElsewhere: ReadonlySet<string>,
): Html => html`
  <article id="${operation.operationId}" aria-labelledby="${operation.operationId}-title">
    <h4 id="${operation.operationId}-title">${operation.summary}</h4>
    <p class="route">${methodAndPath(method, path)}</p>
    ${prose(operation.description ?? '')}
    <p><strong>Who may:</strong> ${inline(whoMay(operation))}</p>
    ${parametersView(operation)}
    ${bodyView(operation)}
    <h5>Answers</h5>
    <dl>${Object.entries(operation.responses)
      .filter(([status]) => !toldElsewhere.has(status))
      .map(([status, response]) => responseView(status, response))}</dl>
  </article>`;

const CREDENTIALS: Record<string, string> = {
  bearer: 'an access token in the header',
  cookie: 'an access token in the cookie',
  refreshCookie: 'a refresh token in the cookie',
  client: 'a registered client',
};

function whoMay({ security, requestBody }: OperationObject): string {
  const scopes = [...new Set(security.flatMap((one) => Object.values(one).flat()))];
  const ways = security.map((one) => {
    const [name] = Object.keys(one);
    return name === undefined ? undefined : CREDENTIALS[name];
  });
  const named = ways.filter((way) => way !== undefined);
  if (named.length === 0) return 'anyone';
  const orInBody =
    ways.length > named.length && requestBody !== undefined ? ['a credential in the body'] : [];
  const withScopes = scopes.length === 0 ? '' : `, of a user with the scope \`${scopes.join(' ')}\``;
  return [...named, ...orInBody].join(' or ') + withScopes;
}

function parametersView({ operationId, parameters = [] }: OperationObject): Html | string {
  if (parameters.length === 0) return '';
  const row = ({ name, required: isRequired, description, schema, in: place }: ParameterObject) => ({
    name,
    schema,
    isRequired,
    description: [`in the ${place}`, description].filter((part) => part !== undefined).join(': '),
  });
  return html`<h5>Parameters</h5>${memberTable(`Parameters of ${operationId}`, parameters.map(row))}`;
}

function bodyView({ operationId, requestBody }: OperationObject): Html | string {
  if (requestBody === undefined) return '';
  return html`<h5>Body${requestBody.required ? '' : html` <small>optional</small>`}</h5>
    ${Object.entries(requestBody.content).map(
      ([mediaType, { schema }]) =>
        html`<p><code>${mediaType}</code></p>${schemaView(schema, `Body of ${operationId}`)}`,
    )}`;
}

const responseView = (status: string, { description, content = {} }: ResponseObject): Html => html`
  <dt>${status}</dt>
  <dd>${prose(description)}${contentView(content)}</dd>`;

/** Refusals all have the same form, which needs no telling each time. */
function contentView(content: Content): Html[] {
  const told = Object.entries(content).filter(([, { schema }]) => schema.allOf === undefined);
  return told.map(
    ([mediaType, { schema }]) => html`<p class="content"><code>${mediaType}</code>: ${typeOf(schema)}</p>`,
  );
}
