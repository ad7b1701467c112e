import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type BankParts, createBankApp } from '../../src/bank/app.ts';
import { createApp, type GatewayParts } from '../../src/gateway/app.ts';
import { BANK_RULES } from '../../src/gateway/policy.ts';
import type { ApiDescription } from '../../src/gateway/routes/api-description.ts';
import { describeApi, OPERATIONS, routeTable } from '../../src/openapi/api.ts';
import { publishedDescription } from '../../src/openapi/publish.ts';
import { DocumentedApi } from '../support/documented-api.ts';

const SETTINGS = { issuer: 'https://bank.example', policyFile: undefined };
const document = describeApi(SETTINGS);
const api = new DocumentedApi(document);
let published: ApiDescription;
beforeAll(async () => {
  published = await publishedDescription(SETTINGS);
});

const described = (prefix: string): string[] =>
  api.operations
    .map(({ method, path }) => `${method.toUpperCase()} ${path}`)
    .filter((route) => route.split(' ')[1]?.startsWith(prefix))
    .sort();

/** Hono's `:name` is `{name}` in OpenAPI. */
const asDescribed = ({ method, path }: { method: string; path: string }): string =>
  `${method} ${path.replace(/:(\w+)/g, '{$1}')}`;

describe('the routes in the document', () => {
  test("are the gateway's, all of them and no others", () => {
    const terms = { issuer: SETTINGS.issuer };
    const app = createApp({ api: published, terms, hasher: {} } as unknown as GatewayParts);
    const routes = app.routes
      .map(asDescribed)
      .filter((route) => route !== 'ALL /bank/*')
      .map((route) => route.replace(/(oauth-authorization-server)\/\*$/, '$1'));
    const ours = described('/').filter((route) => !route.includes(' /bank/'));
    expect(ours).toEqual(routes.sort());
  });

  test("are the bank's, all of them that a policy lets through and no others", () => {
    const bank = createBankApp({ log: {}, terms: {} } as unknown as BankParts);
    const routes = bank.routes.filter(({ method, path }) => method !== 'ALL' && !path.endsWith('z'));
    const behindGateway = new Set(routes.map((route) => asDescribed(route).replace(' /', ' /bank/')));
    expect(described('/bank/')).toEqual([...behindGateway].sort());
    const allowed = BANK_RULES.flatMap(({ methods, path }) =>
      methods.map((method) => `${method} /bank${path}`),
    );
    expect(described('/bank/').map((route) => route.replace(/{\w+}/g, '*'))).toEqual(allowed.sort());
  });

  test('of the bank are left out where a policy of its own says that another bank is behind the gateway', () => {
    const { paths, tags, components } = describeApi({ ...SETTINGS, policyFile: '/etc/policy.json' });
    expect(Object.keys(paths).filter((path) => path.startsWith('/bank'))).toEqual([]);
    expect(Object.keys(paths)).toContain('/auth/login');
    expect(tags.map(({ name }) => name)).not.toContain('Bank');
    expect(Object.keys(components.schemas)).not.toContain('Account');
  });

  test('need the scope that the policy asks for', () => {
    for (const { methods, path, scope } of BANK_RULES) {
      const template = Object.keys(document.paths).find(
        (one) => one.replace(/{\w+}/g, '*') === `/bank${path}`,
      );
      for (const method of methods) {
        const item = document.paths[template ?? ''] ?? {};
        const operation = item[method.toLowerCase() as keyof typeof item];
        expect(operation?.security).toEqual([{ bearer: [scope] }, { cookie: [scope] }]);
      }
    }
  });

  test('are the rows of the route table', () => {
    const rows = routeTable().map(({ method, path }) => `${method} ${path}`);
    expect(rows.sort()).toEqual(described('/'));
    for (const { summary } of routeTable()) expect(summary).toMatch(/^[A-Z].{3,}/);
  });
});

/** What OpenAPI 3.1.1 (https://spec.openapis.org/oas/v3.1.1, section 4) lets each object have, of what is used here. */
const schemaObject = z.record(z.string(), z.unknown());
const contentObject = z.record(
  z.string().regex(/^[a-z]+\/[a-z+.-]+(?:; charset=utf-8)?$/),
  z.strictObject({ schema: schemaObject }),
);
const headerObject = z.strictObject({ description: z.string(), schema: schemaObject });
const operationObject = z.strictObject({
  operationId: z.string().regex(/^[a-z][A-Za-z]+$/),
  tags: z.array(z.string()).length(1),
  summary: z.string(),
  description: z.string().optional(),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z
    .array(
      z.strictObject({
        name: z.string(),
        in: z.enum(['path', 'query', 'header']),
        required: z.boolean(),
        description: z.string().optional(),
        schema: schemaObject,
      }),
    )
    .optional(),
  requestBody: z.strictObject({ required: z.boolean(), content: contentObject }).optional(),
  responses: z.record(
    z.string().regex(/^[2345]\d\d$/),
    z.strictObject({
      description: z.string().min(1),
      headers: z.record(z.string(), headerObject).optional(),
      content: contentObject.optional(),
    }),
  ),
});
const documentObject = z.strictObject({
  openapi: z.literal('3.1.1'),
  info: z.strictObject({
    title: z.string(),
    version: z.string(),
    summary: z.string(),
    description: z.string(),
  }),
  servers: z.array(z.strictObject({ url: z.url() })).length(1),
  tags: z.array(z.strictObject({ name: z.string(), description: z.string() })),
  paths: z.record(
    z.string().startsWith('/'),
    z.partialRecord(z.enum(['get', 'put', 'post', 'delete']), operationObject),
  ),
  components: z.strictObject({
    schemas: z.record(z.string().regex(/^[A-Za-z0-9._-]+$/), schemaObject),
    securitySchemes: z.record(
      z.string(),
      z.discriminatedUnion('type', [
        z.strictObject({
          type: z.literal('http'),
          scheme: z.enum(['bearer', 'basic']),
          bearerFormat: z.string().optional(),
          description: z.string(),
        }),
        z.strictObject({
          type: z.literal('apiKey'),
          in: z.literal('cookie'),
          name: z.string(),
          description: z.string(),
        }),
      ]),
    ),
  }),
});

function* refsIn(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    if (key === '$ref') yield String(member);
    else yield* refsIn(member);
  }
}

describe('the document', () => {
  test('has nothing that OpenAPI 3.1 does not know, and all that it demands', () => {
    expect(documentObject.safeParse(document).error?.issues).toBeUndefined();
  });

  test('refers only to schemas that it has, and has none that it never refers to', () => {
    const names = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect([...new Set(refsIn(document))].sort()).toEqual(names.sort());
  });

  test('gives every operation a name of its own', () => {
    const ids = api.operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('declares every parameter that is in a path, as required, and no other', () => {
    for (const { path, operation } of api.operations) {
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      const names = [...path.matchAll(/{(\w+)}/g)].map(([, name]) => name);
      expect(inPath.map(({ name }) => name)).toEqual(names);
      expect(inPath.every(({ required }) => required)).toBe(true);
    }
  });

  test('knows every credential and every group that an operation names', () => {
    const schemes = Object.keys(document.components.securitySchemes);
    const groups = document.tags.map(({ name }) => name);
    for (const { operation } of api.operations) {
      expect(schemes).toEqual(expect.arrayContaining(operation.security.flatMap(Object.keys)));
      expect(groups).toEqual(expect.arrayContaining(operation.tags));
    }
  });

  test('lists the codes of every refusal, and says what each means', () => {
    for (const { status, code, title } of OPERATIONS.flatMap(({ refusals }) => refusals)) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(code).toMatch(/^[a-z_]+$/);
      expect(title).toMatch(/\.$/);
    }
  });
});

describe('the page', () => {
  test('shows every operation and every schema, and leads from one to the other', () => {
    const page = published.docs.body;
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    for (const { operation } of api.operations) expect(ids).toContain(operation.operationId);
    for (const name of Object.keys(document.components.schemas)) expect(ids).toContain(`schema-${name}`);
    for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
  });

  test('has no script, no style but the one that its policy names, and loads nothing', () => {
    const { body, contentSecurityPolicy } = published.docs;
    expect(body).not.toMatch(/<script|<link|<img|<iframe|\son\w+=|\sstyle=|javascript:/i);
    const style = /<style>([^<]*)<\/style>/.exec(body)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(contentSecurityPolicy).toContain(`default-src 'none'`);
    expect(contentSecurityPolicy.match(/style-src ([^;]+)/)?.[1]).toBe(`'sha256-${hash}'`);
  });

  test('opens and closes every element, each id but once', () => {
    const page = published.docs.body;
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const open: string[] = [];
    for (const [, closing, name] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*>/g)) {
      if (name === 'meta') continue;
      if (closing === '') open.push(name ?? '');
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });
});
