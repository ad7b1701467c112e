import fc from 'fast-check';

const ODD_TEXTS = [
  '',
  ' ',
  '0',
  '-1',
  '1e999',
  'null',
  'undefined',
  'NaN',
  '%00',
  '%',
  '%zz',
  '%2e%2e',
  '..',
  '.',
  '\\',
  '*',
  '$where',
  '__proto__',
  'constructor',
  'toString',
  "' OR 1=1 --",
  '{{7*7}}',
  '\u0000',
  '\ud800',
  '\u202e',
  '𝒳',
  'é',
  'ﬁ',
  '9007199254740993',
  '99999999999999999999-99999999999999999999',
  '18446744073709551616-0',
  '-',
  '0-0',
  '=?utf-8?q?a?=',
];

/** Notorious strings, and random ones. */
export const oddText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...ODD_TEXTS) },
  { weight: 2, arbitrary: fc.string({ maxLength: 40 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60, max: 3000 }).map((length) => 'x'.repeat(length)) },
);

/** JSON values of every type. */
export const oddValue = fc.oneof(
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 2, arbitrary: oddText },
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 1e308, 2 ** 53, [], {}, [[]], { length: 1 }),
);

/** Bytes to be sent as a body of any media type. */
export const oddBytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  oddText.map((text) => Buffer.from(text)),
  fc
    .constantFrom(
      '{',
      '{"a":',
      '[1,]',
      '{"a":1}{"a":1}',
      "{'a':1}",
      '\ufeff{}',
      '{"a":1,"a":2}',
      '01',
      'tru',
      '"',
    )
    .map((text) => Buffer.from(text)),
  fc.constant(Buffer.from('['.repeat(5000))),
  fc.constant(Buffer.from(`{"a":${'['.repeat(4000)}${']'.repeat(4000)}}`)),
  fc.constant(Buffer.from(JSON.stringify({ padding: 'x'.repeat(20_000) }))),
);
