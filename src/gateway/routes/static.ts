import type { Hono } from 'hono';
import { z } from 'zod';
import { ANYONE, type Operation, ok } from '../../http/operation.ts';
import type { OwnRequestContext } from '../pipeline/own-body.ts';
import type { GatewayReason } from '../problems/table.ts';
import { type StaticAsset, serveAsset } from '../static/asset.ts';
import type { WebBuild } from '../static/web-build.ts';

const NOT_MODIFIED = { 304: { description: 'The client has the current version.' } };

export const apiDescriptionOperations: readonly Operation<GatewayReason>[] = [
  {
    method: 'get',
    path: '/openapi.json',
    id: 'getOpenApi',
    tag: 'Service',
    summary: 'OpenAPI document of this API',
    access: ANYONE,
    responses: { ...ok('The document.', z.looseObject({ openapi: z.string() })), ...NOT_MODIFIED },
  },
  {
    method: 'get',
    path: '/docs',
    id: 'getDocs',
    tag: 'Service',
    summary: 'API reference documentation',
    access: ANYONE,
    responses: {
      200: { description: 'The page.', schema: z.string(), mediaType: 'text/html; charset=utf-8' },
      ...NOT_MODIFIED,
    },
  },
];

/** The OpenAPI document, and the same as a page. */
export interface ApiDescription {
  openapi: StaticAsset;
  docs: StaticAsset;
}

export interface StaticDeps {
  api: ApiDescription | undefined;
  web: WebBuild | undefined;
}

/** Mounts the API description and each file of the web app, if there are any. */
export function routeStatic(app: Hono<{ Bindings: OwnRequestContext }>, { api, web }: StaticDeps): void {
  if (api !== undefined) {
    app.get('/openapi.json', serveAsset(api.openapi));
    app.get('/docs', serveAsset(api.docs));
  }
  for (const [path, file] of web ?? []) app.get(path, serveAsset(file));
}
