import { createHash } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import type { ApiDescription } from '../../src/gateway/routes/static.ts';
import { describeApi } from '../../src/openapi/api.ts';
import { publishedDescription } from '../../src/openapi/publish.ts';
import { DocumentedApi } from '../support/documented-api.ts';

const SETTINGS = { issuer: 'https://bank.example', policyFile: undefined };
const document = describeApi(SETTINGS);
const api = new DocumentedApi(document);
let published: ApiDescription;
beforeAll(async () => {
  published = await publishedDescription(SETTINGS);
});

test('the page shows every operation and every schema, and all of its links have a target', () => {
  const page = String(published.docs.body);
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  for (const { operation } of api.operations) expect(ids).toContain(operation.operationId);
  for (const name of Object.keys(document.components.schemas)) expect(ids).toContain(`schema-${name}`);
  for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
});

test('the page has no script, only the style that its CSP allows, and loads nothing', () => {
  const body = String(published.docs.body);
  const { contentSecurityPolicy } = published.docs;
  expect(body).not.toMatch(/<script|<link|<img|<iframe|\son\w+=|\sstyle=|javascript:/i);
  const style = /<style>([^<]*)<\/style>/.exec(body)?.[1] ?? '';
  const hash = createHash('sha256').update(style).digest('base64');
  expect(contentSecurityPolicy).toContain(`default-src 'none'`);
  expect(contentSecurityPolicy.match(/style-src ([^;]+)/)?.[1]).toBe(`'sha256-${hash}'`);
});

test('the page closes every element and uses each id once', () => {
  const page = String(published.docs.body);
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
