import { test as base, expect } from 'vitest';
import { DocumentedApi } from '../support/documented-api.ts';
import { callOperation } from '../support/documented-calls.ts';
import { SCENARIOS } from './scenarios.ts';
import { type Scene, startScene } from './scene.ts';

/** Public routes. The responses of all others can contain personal data and must not be stored. */
const PUBLIC = new Set(['getMetadata', 'getKeys', 'getOpenApi', 'getDocs', 'getLiveness', 'getReadiness']);

const test = base
  .extend('scene', { scope: 'file' }, async ({}, { onCleanup }): Promise<Scene> => {
    const scene = await startScene();
    onCleanup(() => scene.close());
    return scene;
  })
  .extend('api', { scope: 'file' }, ({ scene }) => DocumentedApi.of(scene.stack.url));

test('every documented operation is called here', ({ api }) => {
  const ids = api.operations.map(({ operation }) => operation.operationId);
  expect(Object.keys(SCENARIOS).sort()).toEqual(ids.sort());
});

test.for(Object.entries(SCENARIOS))(
  '%s responds to a valid and a refused request as documented, and personal data must not be stored',
  async ([id, { good, bad, code }], { api, scene }) => {
    const operation = api.get(id);
    const done = await callOperation(scene.stack.url, operation, await good(scene));
    expect(done.status, done.body).toBeLessThan(300);
    expect(api.faultOf(operation, done)).toBeUndefined();
    const refused = await callOperation(scene.stack.url, operation, await bad(scene));
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(JSON.parse(refused.body)).toMatchObject({ code, status: refused.status });
    expect(api.faultOf(operation, refused)).toBeUndefined();
    expect(refused.cacheControl).toBe('no-store');
    if (!PUBLIC.has(id)) expect(done.cacheControl).toBe('no-store');
  },
);

/** The headers that keep a browser from interpreting a response, or from running anything in it. */
const INERT = { nosniff: 'nosniff', contentSecurityPolicy: expect.stringContaining("default-src 'none'") };

test.for(Object.entries(SCENARIOS))(
  'no response of %s, not even a refusal, can be sniffed or run by a browser',
  async ([id, { good, bad }], { api, scene }) => {
    for (const call of [good, bad])
      expect(await callOperation(scene.stack.url, api.get(id), await call(scene))).toMatchObject(INERT);
  },
);

test('a login with cookies responds as documented', async ({ scene, api }) => {
  const json = { username: 'bob', password: 'foobared', transport: 'cookie', remember: true };
  const headers = { origin: scene.stack.settings.issuer };
  const operation = api.get('logIn');
  const loggedIn = await callOperation(scene.stack.url, operation, { json, headers });
  expect(Object.keys(JSON.parse(loggedIn.body)).sort()).toEqual(['expires_in', 'session_id']);
  expect(api.faultOf(operation, loggedIn)).toBeUndefined();
});

test('the API description is revalidated by its entity tag and cached only briefly', async ({ scene }) => {
  for (const path of ['/openapi.json', '/docs']) {
    const first = await fetch(scene.stack.url + path);
    expect(first.headers.get('cache-control')).toBe('public, max-age=300');
    expect(first.headers.get('content-security-policy')).toContain("default-src 'none'");
    const etag = first.headers.get('etag') ?? '';
    const again = (known: string) =>
      fetch(scene.stack.url + path, { headers: { 'if-none-match': known, 'cache-control': 'no-cache' } });
    for (const known of [etag, `"other", W/${etag}`]) expect((await again(known)).status).toBe(304);
    expect((await again('"other"')).status).toBe(200);
  }
});
