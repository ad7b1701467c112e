import fc from 'fast-check';
import { describe, expect, vi } from 'vitest';
import { canonicalPath } from '../../../src/gateway/edge/target.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { rawProblemOf, rawRequest, sendRaw } from '../../support/raw-http.ts';
import { expectRefusal } from '../../support/refusal.ts';

const test = gatewayTest().extend(
  'send',
  ({ gateway, token }) =>
    (target: string) =>
      sendRaw(gateway.url, rawRequest(`GET ${target}`, `Authorization: Bearer ${token}`)),
);

let arrived: string | undefined;
test.beforeEach(({ upstream }) => {
  upstream.respondWith((incoming, outgoing) => {
    arrived = incoming.url;
    outgoing.end();
  });
});

describe('a canonical path reaches the upstream byte for byte', () => {
  test.for([
    '/accounts',
    '/accounts/1/transactions',
    "/accounts/a-b_c~d.e!$&'()*+,=:@f/transactions",
    '/accounts/caf%C3%A9',
    '/accounts/caf%c3%a9',
    '/accounts/with%20space',
    '/accounts/%F0%9F%90%99',
    '/accounts/%22quoted%22',
    '/accounts/.hidden',
    '/accounts/1/transactions?b=2&a=1&b=3',
    '/accounts/1/transactions?q=a+b%20c%2Bd',
    '/accounts/1/transactions?path=/../..%2f%2e%2e//\\x&url=http://h/?x',
    '/accounts/1/transactions?',
    '/accounts?&&=&a&=b',
    '/accounts?a;b=c|d^e`f{g}h"i<j>k[l]',
  ])('%s', async (target, { send }) => {
    const response = await send(`/bank${target}`);
    expect([response.status, arrived]).toEqual([200, target]);
  });
});

/** Paths that some parser, decoder or file system reads as another path. */
const AMBIGUOUS_PATHS = [
  '/bank/accounts/../admin',
  '/bank/accounts/..',
  '/bank/accounts/./1',
  '/bank/accounts/.',
  '/bank/..',
  '/bank/%2e%2e/admin',
  '/bank/accounts/%2E%2E/admin',
  '/bank/accounts/.%2e/admin',
  '/bank/accounts/%2e/1',
  '/bank/accounts%2f1',
  '/bank/accounts%2F..%2Fadmin',
  '/bank/accounts%5c1',
  '/bank/accounts%5C..%5Cadmin',
  '/bank/accounts//1',
  '//bank/accounts',
  '/bank//accounts',
  '/bank/accounts/%00',
  '/bank/accounts/1%00.json',
  '/bank/accounts/1%0d%0aX:1',
  '/bank/accounts/%7f',
  '/bank/accounts/%252e%252e/admin',
  '/bank/accounts/%25',
  '/bank/%61ccounts',
  '/%62ank/accounts',
  '/bank/accounts/%31',
  '/bank/accounts/%7E1',
  '/bank/accounts/..;/admin',
  '/bank/accounts/.;/1',
  '/bank/accounts;x=1/1',
  '/bank/accounts/1;.json',
  '/bank/accounts/1%3Bx',
  '/bank/accounts/1%3b',
  '/bank/accounts/1%3Fa=b',
  '/bank/accounts/1%23a',
  '/bank/accounts/%c0%ae%c0%ae/admin',
  '/bank/accounts%c0%afadmin',
  '/bank/accounts/%e0%80%af',
  '/bank/accounts/%ff',
  '/bank/accounts/%C3',
  '/bank/accounts/%ED%A0%80',
  '/bank/accounts/%C2%85',
  '/bank/accounts/%EF%BC%8E%EF%BC%8E/admin',
  '/bank/accounts/%EF%BC%8E/1',
  '/bank/accounts%EF%BC%8Fadmin',
  '/bank/accounts/%EF%BC%BC1',
  '/bank/accounts/%u002e',
  '/bank/accounts/%',
  '/bank/accounts/%2',
  '/bank/accounts/%zz',
  '/bank/accounts#fragment',
  '/bank/accounts?a#b',
  '/bank/accounts/{1}',
  '/bank/accounts/1|2',
  '/bank/accounts/"1"',
  '/bank/accounts/<1>',
  '/bank/accounts/1^2',
  '/bank/accounts/`1`',
  '/bank/accounts/[1]',
];

describe('an ambiguous path is a 400 before any check, even with a valid token', () => {
  test.for(AMBIGUOUS_PATHS)('%s', (target, { gateway, upstream, send }) =>
    expectRefusal({ gateway, upstream }, async () => rawProblemOf(await send(target)), {
      status: 400,
      code: 'path_invalid',
    }),
  );
});

describe('a target that is not a URL is a 400 before any check', () => {
  test.for([
    '/bank/accounts\\1',
    '/bank\\..\\admin',
    '/bank/accounts/caf\xc3\xa9',
    '/bank/accounts?q=\xc3\xa9',
    '/bank/accounts/\x01',
    '/bank/accounts/a b',
  ])('%j', (target, { gateway, upstream, send }) =>
    expectRefusal({ gateway, upstream }, async () => rawProblemOf(await send(target)), {
      status: 400,
      code: 'request_malformed',
    }),
  );
});

describe('the size of a path', () => {
  const PATH_MAX_BYTES = 4096;
  const pathOf = (bytes: number): string => `/bank/accounts/${'x'.repeat(bytes - '/bank/accounts/'.length)}`;

  test('of 4 KiB is accepted, and its query is not counted', async ({ send }) => {
    const target = `${pathOf(PATH_MAX_BYTES)}?q=${'x'.repeat(2000)}`;
    expect((await send(target)).status).toBe(200);
    expect(arrived).toBe(target.slice('/bank'.length));
  });

  test.for([
    pathOf(PATH_MAX_BYTES + 1),
    `${pathOf(PATH_MAX_BYTES + 1)}?q=1`,
    `/livez/${'%CC%81'.repeat(2000)}`,
  ])('of more than 4 KiB is a 414 before any check', (target, { gateway, upstream, send }) =>
    expectRefusal({ gateway, upstream }, async () => rawProblemOf(await send(target)), {
      status: 414,
      code: 'path_too_long',
    }),
  );

  test('of more than 4 KiB is a 400 that closes the connection if the request is malformed as well', async ({
    gateway,
  }) => {
    const head = rawRequest(`POST ${pathOf(PATH_MAX_BYTES + 1)}`, 'Transfer-Encoding: gzip, chunked');
    const response = await sendRaw(gateway.url, head);
    expect(rawProblemOf(response)).toEqual({ status: 400, code: 'request_malformed' });
    expect(response.headers.connection).toEqual(['close']);
  });
});

describe('combining marks in a path', () => {
  const marks = (count: number): string => `/bank/accounts/e${'%CC%81'.repeat(count)}`;

  test('are accepted up to 30 in a row', () => {
    expect(canonicalPath(marks(30))).toBe(marks(30));
  });

  test('of which more than 30 are in a row are a 400 before any check', ({ gateway, upstream, send }) =>
    expectRefusal({ gateway, upstream }, async () => rawProblemOf(await send(marks(31))), {
      status: 400,
      code: 'path_invalid',
    }));

  test('of which more than 30 are in a row are refused before the path is normalized', () => {
    const normalize = vi.spyOn(String.prototype, 'normalize');
    try {
      expect(canonicalPath(marks(31))).toBeUndefined();
      expect(normalize).not.toHaveBeenCalled();
      expect(canonicalPath(marks(30))).toBeDefined();
      expect(normalize).toHaveBeenCalledOnce();
    } finally {
      normalize.mockRestore();
    }
  });
});

describe('a path that canonicalPath accepts is unambiguous', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2F',
      '%5c',
      '\\',
      ';',
      '%3b',
      '//',
      '%25',
      '%00',
      '?',
      '#',
      '%C3%A9',
    ),
    fc.constantFrom(
      'bank',
      'accounts',
      '1',
      '-',
      '~',
      '!',
      "'",
      '(',
      '*',
      '+',
      ',',
      '=',
      ':',
      '@',
      '&',
      '$',
      ' ',
    ),
    fc.integer({ min: 0, max: 255 }).map((byte) => `%${byte.toString(16).padStart(2, '0')}`),
    fc.string({ unit: 'grapheme', maxLength: 2 }),
  );
  const target = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join('')}`);
  const plain = target.filter((text) => canonicalPath(text) !== undefined);

  test('a URL parser reads the same path and query', () => {
    fc.assert(
      fc.property(plain, (text) => {
        const path = canonicalPath(text) ?? '';
        const url = new URL(`http://host${text}`);
        expect(url.host).toBe('host');
        expect(url.pathname).toBe(path);
        expect(text.startsWith(path)).toBe(true);
        expect(text.slice(path.length)).toMatch(/^(?:\?|$)/);
      }),
      { numRuns: 3000 },
    );
  });

  test('decoding once or twice and normalizing yields no new segments, dot segments or control characters', () => {
    fc.assert(
      fc.property(plain, (text) => {
        const path = canonicalPath(text) ?? '';
        const once = decodeURIComponent(path).normalize('NFKC');
        const segments = once.split(/[/\\;?#]/);
        expect(segments.length).toBe(path.split('/').length);
        for (const segment of segments) expect(['.', '..']).not.toContain(segment);
        expect(segments.slice(1, -1)).not.toContain('');
        expect(once).not.toMatch(/\p{Cc}/u);
        expect(decodeURIComponent(once)).toBe(once);
      }),
      { numRuns: 3000 },
    );
  });

  test('enough generated targets are canonical for these tests to mean something', () => {
    expect(
      fc.sample(target, 1000).filter((text) => canonicalPath(text) !== undefined).length,
    ).toBeGreaterThan(30);
  });
});
