import { STATUS_CODES } from 'node:http';
import type {
  ApiDocument,
  Content,
  JsonSchema,
  OperationObject,
  ParameterObject,
  ResponseObject,
  SecurityScheme,
} from './document-shape.ts';
import type { NamedSchemas } from './json-schema.ts';
import {
  type Access,
  type Answer,
  GROUPS,
  type Operation,
  type Parameters,
  type RefusalFacts,
} from './operation.ts';

export interface DocumentFacts {
  info: ApiDocument['info'];
  /** The gateway's public URL. */
  issuer: string;
  securitySchemes: Record<SchemeName, SecurityScheme>;
}

export type SchemeName = 'bearer' | 'cookie' | 'refreshCookie' | 'client';

/** The OpenAPI document of these operations. */
export function apiDocument(
  operations: readonly Operation[],
  schemas: NamedSchemas,
  { info, issuer, securitySchemes }: DocumentFacts,
): ApiDocument {
  const paths: ApiDocument['paths'] = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation, schemas) };
  }
  const used = new Set(operations.map(({ group }) => group));
  const tags = Object.entries(GROUPS).filter(([name]) => used.has(name as Operation['group']));
  return {
    openapi: '3.1.1',
    info,
    servers: [{ url: issuer }],
    tags: tags.map(([name, description]) => ({ name, description })),
    paths,
    components: { schemas: schemas.components(), securitySchemes },
  };
}

function describe(operation: Operation, schemas: NamedSchemas): OperationObject {
  const { id, group, summary, details, access, parameters, body, answers, refusals } = operation;
  const told = parameters && parametersOf(parameters, schemas);
  return {
    operationId: id,
    tags: [group],
    summary,
    ...(details && { description: details }),
    security: securityOf(access),
    ...(told && { parameters: told }),
    ...(body && {
      requestBody: {
        required: body.optional !== true,
        content: { [body.mediaType]: { schema: schemas.use(body.schema, 'input') } },
      },
    }),
    responses: { ...successes(answers, schemas), ...problems(refusals) },
  };
}

function securityOf(access: Access): Record<string, string[]>[] {
  if (access.by === 'anyone') return [{}];
  if (access.by === 'refresh-token') return access.cookieToo ? [{}, { refreshCookie: [] }] : [{}];
  if (access.by === 'client') return [{ client: [] }, {}];
  const scopes = access.scope === undefined ? [] : [access.scope];
  return [{ bearer: scopes }, { cookie: scopes }];
}

function parametersOf(parameters: Parameters, schemas: NamedSchemas): ParameterObject[] {
  return (['path', 'query', 'header'] as const).flatMap((place) => {
    const schema = parameters[place];
    if (schema === undefined) return [];
    const { properties = {}, required = [] } = schemas.use(schema, 'input');
    return Object.entries(properties).map(([name, { description, ...rest }]) => ({
      name,
      in: place,
      required: required.includes(name),
      ...(description && { description }),
      schema: rest,
    }));
  });
}

function successes(answers: Operation['answers'], schemas: NamedSchemas): Record<string, ResponseObject> {
  const told = Object.entries(answers).map(([status, answer]): [string, ResponseObject] => [
    status,
    { description: answer.description, ...headersOf(answer.headers), ...contentOf(answer, schemas) },
  ]);
  return Object.fromEntries(told);
}

function headersOf(headers: Answer['headers']): Pick<ResponseObject, 'headers'> {
  if (headers === undefined) return {};
  const told = Object.entries(headers).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ]);
  return { headers: Object.fromEntries(told) };
}

function contentOf({ schema, mediaType }: Answer, schemas: NamedSchemas): { content?: Content } {
  if (schema === undefined) return {};
  return { content: { [mediaType ?? 'application/json']: { schema: schemas.use(schema, 'output') } } };
}

/** One response for each status, with every code that it may have. */
function problems(refusals: readonly RefusalFacts[]): Record<string, ResponseObject> {
  const byStatus = Object.groupBy(refusals, ({ status }) => status);
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, facts = []]) => [status, problemResponse(Number(status), facts)]),
  );
}

function problemResponse(status: number, facts: readonly RefusalFacts[]): ResponseObject {
  const lines = facts.map(({ code, title }) => `- \`${code}\`: ${title}`);
  return {
    description: `${STATUS_CODES[status]}\n\n${lines.join('\n')}`,
    ...(status === 401 && headersOf({ 'WWW-Authenticate': 'which credential is wanted' })),
    content: {
      ...problemContent(
        'application/problem+json',
        'Problem',
        facts.filter(({ oauthError }) => !oauthError),
      ),
      ...problemContent(
        'application/json',
        'OauthProblem',
        facts.filter(({ oauthError }) => oauthError),
      ),
    },
  };
}

function problemContent(mediaType: string, name: string, facts: readonly RefusalFacts[]): Content {
  if (facts.length === 0) return {};
  const code: JsonSchema = { enum: [...new Set(facts.map((one) => one.code))] };
  const errors = [...new Set(facts.map((one) => one.oauthError).filter((error) => error !== undefined))];
  const properties: Record<string, JsonSchema> =
    errors.length === 0 ? { code } : { code, error: { enum: errors } };
  const schema = { allOf: [{ $ref: `#/components/schemas/${name}` }, { type: 'object', properties }] };
  return { [mediaType]: { schema } };
}
