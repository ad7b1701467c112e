import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodePart, parseObject, splitToken } from '../../src/jwt/canonical.ts';

const segment = fc
  .uint8Array({ minLength: 1, maxLength: 300 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'));
const isCanonicalJson = (part: string): boolean =>
  parseObject(Buffer.from(part, 'base64url'))?.isCanonical ?? false;
const token = fc.tuple(segment, segment, segment).map((parts) => parts.join('.'));

test('every token of three canonical base64url parts is split into those parts', () => {
  fc.assert(
    fc.property(token, (text) => {
      const parts = splitToken(text);
      expect(parts && [parts.header, parts.payload, parts.signature].join('.')).toBe(text);
    }),
  );
});

test('no other text that decodes to the same bytes is split: each token has exactly one encoding', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  fc.assert(
    fc.property(token, fc.nat(2), fc.nat(63), (text, which, letter) => {
      const parts = text.split('.');
      const part = parts[which] ?? '';
      const changed = part.slice(0, -1) + alphabet[letter];
      fc.pre(changed !== part && Buffer.from(changed, 'base64url').equals(Buffer.from(part, 'base64url')));
      parts[which] = changed;
      expect(splitToken(parts.join('.'))).toBeUndefined();
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['padding', 'YQ==.YQ.YQ'],
  ['a space', 'YQ .YQ.YQ'],
  ['a line break at the end', 'YQ.YQ.YQ\n'],
  ['a tab', 'YQ.Y\tQ.YQ'],
  ['the standard base64 alphabet', 'Y+Q/.YQ.YQ'],
  ['a non-ASCII letter', 'YQ.YQ.ÝQ'],
  ['an empty part', 'YQ..YQ'],
  ['two parts', 'YQ.YQ'],
  ['four parts', 'YQ.YQ.YQ.YQ'],
  ['a part of a length that base64 cannot have', 'YWFhY.YQ.YQ'],
  ['more than 4 KiB', `YQ.YQ.${'A'.repeat(4096)}`],
])('a token with %s is not split', (_what, text) => {
  expect(splitToken(text)).toBeUndefined();
});

test('an object as JSON.stringify writes it is canonical', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => isCanonicalJson(encodePart(value))),
  );
});

test.each([
  ['a duplicate member', '{"sub":"a","sub":"b"}'],
  ['white space', '{ "sub":"a"}'],
  ['a number in another format', '{"exp":1e3}'],
  ['an unnecessary escape', '{"s\\u0075b":"a"}'],
  ['a byte order mark', '\ufeff{"sub":"a"}'],
  ['a string', '"sub"'],
  ['null', 'null'],
  ['invalid JSON', 'sub'],
])('%s is not canonical', (_what, text) => {
  expect(isCanonicalJson(Buffer.from(text).toString('base64url'))).toBe(false);
});

test('invalid UTF-8 is not canonical', () => {
  expect(isCanonicalJson(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('base64url'))).toBe(
    false,
  );
});
