import { beforeAll, describe, expect, test } from 'vitest';
import { type BankDeps, createBankApp } from '../../src/bank/app.ts';
import { type AppDeps, createApp } from '../../src/gateway/app.ts';
import { BANK_RULES } from '../../src/gateway/pipeline/policy.ts';
import type { ApiDescription } from '../../src/gateway/routes/static.ts';
import type { WebBuild } from '../../src/gateway/static/web-build.ts';
import { describeApi, OPERATIONS, routeTable } from '../../src/openapi/api.ts';
import { publishedDescription } from '../../src/openapi/publish.ts';
import { DocumentedApi } from '../support/documented-api.ts';
import { documentObject } from './document-shape.ts';

const SETTINGS = { issuer: 'https://bank.example', policyFile: undefined };
const document = describeApi(SETTINGS);
const api = new DocumentedApi(document);
let published: ApiDescription;
beforeAll(async () => {
  published = await publishedDescription(SETTINGS);
});

/** The web app is not part of the API. */
const file = { body: '', mediaType: 'text/html', cacheControl: '', contentSecurityPolicy: '' };
const WEB: WebBuild = new Map([
  ['/', file],
  ['/assets/index-12345678.js', file],
]);

const described = (prefix: string): string[] =>
  api.operations
    .map(({ method, path }) => `${method.toUpperCase()} ${path}`)
    .filter((route) => route.split(' ')[1]?.startsWith(prefix))
    .sort();

/** Hono's `:name` is `{name}` in OpenAPI. */
const asDescribed = ({ method, path }: { method: string; path: string }): string =>
  `${method} ${path.replace(/:(\w+)/g, '{$1}')}`;

describe('the routes in the document', () => {
  test('are exactly those of the gateway', () => {
    const options = { issuer: SETTINGS.issuer };
    const oauth = { options, possession: { certificates: {} } };
    const routes = { auth: { hasher: {} }, oauth, sessions: {}, admin: {}, health: {} };
    const app = createApp({ api: published, web: WEB, authentication: {}, routes } as unknown as AppDeps);
    const registered = app.routes
      .filter(({ method, path }) => method !== 'ALL' && !WEB.has(path))
      .map(asDescribed)
      .map((route) => route.replace(/(oauth-authorization-server)\/\*$/, '$1'));
    const ours = described('/').filter((route) => !route.includes(' /bank/'));
    expect(ours).toEqual(registered.sort());
  });

  test('are exactly those of the bank that the policy allows', () => {
    const bank = createBankApp({ log: {}, options: {} } as unknown as BankDeps);
    const routes = bank.routes.filter(({ method, path }) => method !== 'ALL' && !path.endsWith('z'));
    const behindGateway = new Set(routes.map((route) => asDescribed(route).replace(' /', ' /bank/')));
    expect(described('/bank/')).toEqual([...behindGateway].sort());
    const allowed = BANK_RULES.flatMap(({ methods, path }) =>
      methods.map((method) => `${method} /bank${path}`),
    );
    expect(described('/bank/').map((route) => route.replace(/{\w+}/g, '*'))).toEqual(allowed.sort());
  });

  test('do not include the bank if the gateway has a policy of its own', () => {
    const { paths, tags, components } = describeApi({ ...SETTINGS, policyFile: '/etc/policy.json' });
    expect(Object.keys(paths).filter((path) => path.startsWith('/bank'))).toEqual([]);
    expect(Object.keys(paths)).toContain('/auth/login');
    expect(tags.map(({ name }) => name)).not.toContain('Bank');
    expect(Object.keys(components.schemas)).not.toContain('Account');
  });

  test('require the scope that the policy requires', () => {
    for (const { methods, path, scope } of BANK_RULES) {
      const template = Object.keys(document.paths).find(
        (one) => one.replace(/{\w+}/g, '*') === `/bank${path}`,
      );
      for (const method of methods) {
        const item = document.paths[template ?? ''] ?? {};
        const operation = item[method.toLowerCase() as keyof typeof item];
        expect(operation?.security).toEqual([{ bearer: [scope] }, { dpop: [scope] }, { cookie: [scope] }]);
      }
    }
  });

  test('are the rows of the route table', () => {
    const rows = routeTable().map(({ method, path }) => `${method} ${path}`);
    expect(rows.sort()).toEqual(described('/'));
    for (const { summary } of routeTable()) expect(summary).toMatch(/^[A-Z].{3,}/);
  });
});

function* refsIn(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    if (key === '$ref') yield String(member);
    else yield* refsIn(member);
  }
}

describe('the document', () => {
  test('is valid OpenAPI 3.1', () => {
    expect(documentObject.safeParse(document).error?.issues).toBeUndefined();
  });

  test('refers to every schema that it contains and to no other', () => {
    const names = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect([...new Set(refsIn(document))].sort()).toEqual(names.sort());
  });

  test('gives every operation a unique id', () => {
    const ids = api.operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('declares exactly the parameters of each path, all required', () => {
    for (const { path, operation } of api.operations) {
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      const names = [...path.matchAll(/{(\w+)}/g)].map(([, name]) => name);
      expect(inPath.map(({ name }) => name)).toEqual(names);
      expect(inPath.every(({ required }) => required)).toBe(true);
    }
  });

  test('declares every security scheme and every tag that an operation uses', () => {
    const schemes = Object.keys(document.components.securitySchemes);
    const groups = document.tags.map(({ name }) => name);
    for (const { operation } of api.operations) {
      expect(schemes).toEqual(expect.arrayContaining(operation.security.flatMap(Object.keys)));
      expect(groups).toEqual(expect.arrayContaining(operation.tags));
    }
  });

  test('lists the code and the meaning of every refusal', () => {
    for (const { status, code, title } of OPERATIONS.flatMap(({ problems }) => problems)) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(code).toMatch(/^[a-z_]+$/);
      expect(title).toMatch(/\.$/);
    }
  });
});
