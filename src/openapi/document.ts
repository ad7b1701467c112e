import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiContentObject,
  type ZodOpenApiObject,
  type ZodOpenApiOperationObject,
  type ZodOpenApiResponseObject,
  type ZodOpenApiResponsesObject,
  type ZodOpenApiSecuritySchemeObject,
} from 'zod-openapi';
import { type Access, type Operation, type ResponseDescription, TAGS } from '../http/operation.ts';
import { type ProblemDefinition, problemSchema } from '../http/problem.ts';
import type { ApiDocument } from './document-shape.ts';
import type { DocumentedOperation } from './refusals.ts';

export interface DocumentOptions {
  info: ApiDocument['info'];
  /** The public URL of the gateway. */
  issuer: string;
  securitySchemes: Record<
    'bearer' | 'dpop' | 'cookie' | 'refreshCookie' | 'client',
    ZodOpenApiSecuritySchemeObject
  >;
}

/** RFC 6749, section 5.2, with all members of a problem. */
const oauthProblemSchema = problemSchema.extend({ error: z.string() });

/** Generates the OpenAPI document. A schema with an `id` in its metadata becomes a component. */
export function apiDocument(
  operations: readonly DocumentedOperation[],
  { info, issuer, securitySchemes }: DocumentOptions,
): ApiDocument {
  const paths: NonNullable<ZodOpenApiObject['paths']> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: operationObject(operation) };
  }
  const used = new Set<string>(operations.map(({ tag }) => tag));
  const tags = Object.entries(TAGS).filter(([name]) => used.has(name));
  const document = createDocument(
    {
      openapi: '3.1.1',
      info,
      servers: [{ url: issuer }],
      tags: tags.map(([name, description]) => ({ name, description })),
      paths,
      components: {
        schemas: { Problem: problemSchema, OauthProblem: oauthProblemSchema },
        securitySchemes,
      },
    },
    { override: ({ jsonSchema }) => void (jsonSchema.format === 'date-time' && delete jsonSchema.pattern) },
  );
  return document as ApiDocument;
}

function operationObject({
  id,
  tag,
  summary,
  description,
  access,
  parameters,
  body,
  responses,
  problems,
}: DocumentedOperation): ZodOpenApiOperationObject {
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: securityOf(access),
    ...(parameters && { requestParams: parameters }),
    ...(body && {
      requestBody: {
        required: body.optional !== true,
        content: { [body.mediaType]: { schema: body.schema } },
      },
    }),
    responses: { ...successes(responses), ...refusals(problems) },
  };
}

function securityOf(access: Access): Record<string, string[]>[] {
  if (access.by === 'anyone') return [{}];
  if (access.by === 'refresh-token') return access.cookieToo ? [{}, { refreshCookie: [] }] : [{}];
  if (access.by === 'client') return [{ client: [] }, {}];
  const scopes = access.scope === undefined ? [] : [access.scope];
  return [{ bearer: scopes }, { dpop: scopes }, { cookie: scopes }];
}

const successes = (responses: Operation['responses']): ZodOpenApiResponsesObject =>
  Object.fromEntries(
    Object.entries(responses).map(([status, response]) => [status, successResponse(response)]),
  );

const successResponse = ({
  description,
  schema,
  mediaType = 'application/json',
  headers,
}: ResponseDescription): ZodOpenApiResponseObject => ({
  description,
  ...(headers && { headers: headerObjects(headers) }),
  ...(schema && { content: { [mediaType]: { schema } } }),
});

const headerObjects = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' } } as const,
    ]),
  );

/** One response for each status, with every code that it can have. */
function refusals(problems: readonly ProblemDefinition[]): ZodOpenApiResponsesObject {
  const byStatus = Object.groupBy(problems, ({ status }) => status);
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, group = []]) => [status, problemResponse(Number(status), group)]),
  );
}

function problemResponse(status: number, problems: readonly ProblemDefinition[]): ZodOpenApiResponseObject {
  const lines = problems.map(({ code, title }) => `- \`${code}\`: ${title}`);
  const [oauth = [], plain = []] = [true, false].map((isOauth) =>
    problems.filter(({ oauthError }) => (oauthError !== undefined) === isOauth),
  );
  return {
    description: `${STATUS_CODES[status]}\n\n${lines.join('\n')}`,
    ...(status === 401 && { headers: headerObjects({ 'WWW-Authenticate': 'The required credential' }) }),
    content: {
      ...problemContent('application/problem+json', 'Problem', plain),
      ...problemContent('application/json', 'OauthProblem', oauth),
    },
  };
}

function problemContent(
  mediaType: string,
  name: string,
  problems: readonly ProblemDefinition[],
): ZodOpenApiContentObject {
  if (problems.length === 0) return {};
  const codes = [...new Set(problems.map(({ code }) => code))];
  const errors = [...new Set(problems.flatMap(({ oauthError = [] }) => oauthError))];
  const properties = { code: { enum: codes }, ...(errors.length > 0 && { error: { enum: errors } }) };
  const schema = {
    allOf: [{ $ref: `#/components/schemas/${name}` }, { type: 'object' as const, properties }],
  };
  return { [mediaType]: { schema } };
}
