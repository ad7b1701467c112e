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

/** One operation, without the statuses that all operations have in common. */
export const operationView = (
  { method, path, operation }: PlacedOperation,
  commonStatuses: ReadonlySet<string>,
): Html => html`
  <article id="${operation.operationId}" aria-labelledby="${operation.operationId}-title">
    <h4 id="${operation.operationId}-title">${operation.summary}</h4>
    <p class="route">${methodAndPath(method, path)}</p>
    ${prose(operation.description ?? '')}
    <p><strong>Access:</strong> ${inline(accessOf(operation))}</p>
    ${parametersView(operation)}
    ${bodyView(operation)}
    <h5>Responses</h5>
    <dl>${Object.entries(operation.responses)
      .filter(([status]) => !commonStatuses.has(status))
      .map(([status, response]) => responseView(status, response))}</dl>
  </article>`;

const CREDENTIALS: Record<string, string> = {
  bearer: 'an access token in the `Authorization` header',
  cookie: 'an access token in its cookie',
  refreshCookie: 'a refresh token in its cookie',
  client: 'the credential of a registered client',
};

function accessOf({ security, requestBody }: OperationObject): string {
  const scopes = [...new Set(security.flatMap((one) => Object.values(one).flat()))];
  const credentials = security.map((one) => {
    const [name] = Object.keys(one);
    return name === undefined ? undefined : CREDENTIALS[name];
  });
  const named = credentials.filter((credential) => credential !== undefined);
  if (named.length === 0) return 'anyone';
  const orInBody =
    credentials.length > named.length && requestBody !== undefined ? ['a credential in the body'] : [];
  const withScopes = scopes.length === 0 ? '' : `, with the scope \`${scopes.join(' ')}\``;
  return [...named, ...orInBody].join(' or ') + withScopes;
}

function parametersView({ operationId, parameters = [] }: OperationObject): Html | string {
  if (parameters.length === 0) return '';
  const row = ({ name, required: isRequired = false, description, schema, in: place }: ParameterObject) => ({
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

/** Problems are omitted, because all have the same schema. */
function contentView(content: Content): Html[] {
  const shown = Object.entries(content).filter(([, { schema }]) => schema.allOf === undefined);
  return shown.map(
    ([mediaType, { schema }]) => html`<p class="content"><code>${mediaType}</code>: ${typeOf(schema)}</p>`,
  );
}
