import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { pino } from 'pino';
import { test as base, describe, expect } from 'vitest';
import { openWebApp, readWebBuild, WEB_BUILD_DIRECTORY } from '../../../src/gateway/static/web-build.ts';
import { startTestGateway, type TestGateway } from '../../support/gateway.ts';
import {
  RawConnection,
  type RawResponse,
  rawProblemOf,
  rawRequest,
  sendRaw,
} from '../../support/raw-http.ts';

const SCRIPT = '/assets/index-a1B2_3-d.js';
const FILES: Record<string, string> = {
  'index.html': '<!doctype html><title>Portcullis</title>'.padEnd(2000, '<p>text'),
  [`.${SCRIPT}`]: 'export const text = "ä";'.padEnd(9000, '// and so on\n'),
  './assets/icon-12345678.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  './assets/photo-12345678.png': 'PNG'.repeat(1000),
  './assets/unhashed.js': 'not for good',
  './assets/index-a1B2_3-d.js.map': '{}',
  './assets/notes-12345678.txt': 'a type that no build of ours has',
  './server-secret.js': 'beside the page',
};

const test = base
  .extend('gateway', { scope: 'file' }, async ({}, { onCleanup }): Promise<TestGateway> => {
    const directory = await mkdtemp(join(tmpdir(), 'portcullis-web-'));
    await mkdir(join(directory, 'assets'));
    for (const [name, body] of Object.entries(FILES)) await writeFile(join(directory, name), body);
    const gateway = await startTestGateway({}, undefined, { web: await readWebBuild(directory) });
    onCleanup(() => gateway.close());
    // From now on, files can only be served from memory.
    await rm(directory, { recursive: true });
    return gateway;
  })
  .extend(
    'get',
    ({ gateway }) =>
      (path: string, ...headers: string[]): Promise<RawResponse> =>
        sendRaw(gateway.url, rawRequest(`GET ${path}`, ...headers)),
  );

const header = ({ headers }: RawResponse, name: string): string | undefined => headers[name]?.join(' | ');

describe('the page and its assets', () => {
  test.for([
    ['/', 'text/html; charset=utf-8', 'no-cache'],
    ['/?theme=dark', 'text/html; charset=utf-8', 'no-cache'],
    [SCRIPT, 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
    ['/assets/icon-12345678.svg', 'image/svg+xml', 'public, max-age=31536000, immutable'],
    ['/assets/photo-12345678.png', 'image/png', 'public, max-age=31536000, immutable'],
  ] as const)('%s is sent as %s with cache-control %s', async ([path, mediaType, caching], { get }) => {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(header(response, 'content-type')).toBe(mediaType);
    expect(header(response, 'cache-control')).toBe(caching);
    const name = path.startsWith('/assets') ? `.${path}` : 'index.html';
    expect(response.body.toString()).toBe(FILES[name]);
  });

  test.for(['/', SCRIPT])('%s forbids the browser all that it has no use for', async (path, { get }) => {
    const response = await get(path);
    expect(header(response, 'content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
        "require-trusted-types-for 'script'; trusted-types 'none'",
    );
    expect(response.headers).toMatchObject({
      'x-content-type-options': ['nosniff'],
      'x-frame-options': ['DENY'],
      'referrer-policy': ['no-referrer'],
      'cross-origin-opener-policy': ['same-origin'],
      'cross-origin-resource-policy': ['same-origin'],
      'permissions-policy': [expect.stringMatching(/camera=\(\).*geolocation=\(\).*usb=\(\)/)],
    });
    expect(response.headers).not.toHaveProperty('set-cookie');
  });

  test('are the only files: no other file can be requested, and they accept no other method', async ({
    get,
    gateway,
  }) => {
    const others = Object.keys(FILES)
      .slice(4)
      .map((name) => name.slice(1));
    for (const path of [...others, '/index.html', '/assets', '/assets/', '/assets/nothing-12345678.js'])
      expect([path, rawProblemOf(await get(path))]).toEqual([path, { status: 404, code: 'not_found' }]);
    for (const path of ['/assets/../index.html', '/assets/%2e%2e/index.html', `/${SCRIPT}`])
      expect([path, (await get(path)).status]).toEqual([path, 400]);
    for (const path of ['/', SCRIPT])
      expect(rawProblemOf(await sendRaw(gateway.url, rawRequest(`DELETE ${path}`))).status).toBe(404);
  });

  test('have the same response to HEAD as to GET, without a body', async ({ gateway, get }) => {
    const connection = new RawConnection(gateway.url);
    connection.send(rawRequest(`HEAD ${SCRIPT}`, 'Accept-Encoding: gzip'));
    const head = await connection.response({ toHead: true });
    const whole = await get(SCRIPT, 'Accept-Encoding: gzip');
    expect({ ...head.headers, date: [] }).toEqual({ ...whole.headers, date: [] });
    expect(connection.rest).toBe('');
    connection.destroy();
  });
});

describe('codings', () => {
  const decoded = ({ headers, body }: RawResponse): string => {
    if (headers['content-encoding']?.[0] === 'br') return brotliDecompressSync(body).toString();
    return (headers['content-encoding'] === undefined ? body : gunzipSync(body)).toString();
  };

  test.for([
    [undefined, undefined],
    ['', undefined],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['GZip', 'gzip'],
    ['br;q=0.1, gzip;q=0.9', 'gzip'],
    ['br;q=0', undefined],
    ['br;q=0.001', 'br'],
    ['*', 'br'],
    ['br;q=0, *;q=0.5', 'gzip'],
    ['identity, br;q=0.5', undefined],
    ['identity;q=0, gzip;q=0.2', 'gzip'],
    ['identity;q=0', undefined],
    ['*;q=0', undefined],
    ['deflate', undefined],
    ['gzip, gzip;q=0', undefined],
    [';;,=,q=1', undefined],
  ] as const)('a client that accepts "%s" gets %s', async ([accepted, coding], { get }) => {
    const response = await get(SCRIPT, ...(accepted === undefined ? [] : [`Accept-Encoding: ${accepted}`]));
    expect(header(response, 'content-encoding')).toBe(coding);
    expect(decoded(response)).toBe(FILES[`.${SCRIPT}`]);
    expect(header(response, 'content-length')).toBe(String(response.body.length));
    expect(header(response, 'vary')).toBe('Accept-Encoding');
  });

  test('files that are compressed already, or too small to compress, are sent unchanged', async ({ get }) => {
    for (const path of ['/assets/photo-12345678.png', '/assets/icon-12345678.svg']) {
      const response = await get(path, 'Accept-Encoding: gzip, br');
      expect(response.headers).not.toHaveProperty('content-encoding');
      expect(response.headers).not.toHaveProperty('vary');
    }
  });

  test.for(['br', 'gzip', 'identity'])(
    'a client that has it as %s already gets a 304 with its entity tag',
    async (coding, { get }) => {
      const accept = `Accept-Encoding: ${coding}`;
      const first = await get('/', accept);
      const etag = header(first, 'etag') ?? '';
      for (const known of [etag, `"other", W/${etag}`, '*']) {
        const again = await get('/', accept, `If-None-Match: ${known}`);
        expect([again.status, again.body.length]).toEqual([304, 0]);
        for (const name of ['etag', 'cache-control', 'vary', 'content-security-policy'])
          expect(header(again, name)).toBe(header(first, name));
      }
    },
  );

  test('each has its own entity tag, so that a client with one coding gets no 304 for another', async ({
    get,
  }) => {
    const tags = new Set<string>();
    for (const coding of ['br', 'gzip', 'identity']) {
      const response = await get(
        '/',
        `Accept-Encoding: ${coding}`,
        `If-None-Match: ${[...tags].join(', ') || '""'}`,
      );
      expect(response.status).toBe(200);
      tags.add(header(response, 'etag') ?? '');
    }
    expect(tags.size).toBe(3);
  });

  test('the API description is compressed too', async ({ get }) => {
    for (const path of ['/openapi.json', '/docs'])
      expect(header(await get(path, 'Accept-Encoding: gzip, br'), 'content-encoding')).toBe('br');
  });
});

describe('a gateway without the web app', () => {
  test('responds with 404 at / and serves the API', async () => {
    const bare = await startTestGateway();
    const responses = ['/', SCRIPT, '/livez'].map(async (path) => (await fetch(bare.url + path)).status);
    expect(await Promise.all(responses)).toEqual([404, 404, 200]);
    await bare.close();
  });

  test('logs once that the build is missing, and nothing if the web app is turned off', async () => {
    const directory = join(tmpdir(), crypto.randomUUID());
    const lines: string[] = [];
    const log = pino({}, { write: (line) => void lines.push(line) });
    expect(await openWebApp({ webApp: 'off' }, log, directory)).toBeUndefined();
    expect(lines).toEqual([]);
    expect(await openWebApp({ webApp: 'on' }, log, directory)).toBeUndefined();
    expect(lines).toEqual([expect.stringMatching(/"level":40,.*"event":"web_app_missing".*npm run build/)]);
  });
});

test("the project's own page and everything it loads is complete and smaller than 80 KiB", async () => {
  const web = await readWebBuild(WEB_BUILD_DIRECTORY);
  if (web === undefined) throw new Error('the web app has not been built: npm run build');
  const own = await startTestGateway({}, undefined, { web });
  const load = async (path: string): Promise<RawResponse> => {
    const response = await sendRaw(own.url, rawRequest(`GET ${path}`, 'Accept-Encoding: gzip'));
    expect([path, response.status]).toEqual([path, 200]);
    return response;
  };
  const page = await load('/');
  const html = gunzipSync(page.body).toString();
  const named = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? '');
  expect(named.length).toBeGreaterThanOrEqual(3);
  let bytes = page.body.length;
  for (const url of named)
    bytes += (await load(new URL(url, own.url).href.slice(own.url.length))).body.length;
  expect(bytes).toBeLessThan(80 * 1024);
  expect(html).not.toMatch(/<style|<script(?![^>]* src=)|\sstyle=|\son\w+=|javascript:/i);
  expect(header(page, 'content-security-policy')).not.toContain('unsafe');
  await own.close();
});
