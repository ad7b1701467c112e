import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from '../../src/http/json.ts';
import { Refusal } from '../../src/refusal.ts';

const parsed = (text: string) => parseJson('application/json', new TextEncoder().encode(text));

test.each([
  '{"a":1,"a":1}',
  '{"a":1,"b":2,"a":3}',
  String.raw`{"a":1,"\u0061":2}`,
  '{"a":{"b":1,"b":2}}',
  '[{"a":[{"x":1, "x" : 2}]}]',
  '{"__proto__":1,"__proto__":2}',
  '{"":1,"":2}',
])('%s is refused for its duplicate members', (text) => {
  const refusal = parsed(text);
  expect(refusal).toBeInstanceOf(Refusal);
  expect((refusal as Refusal<'body_wrong'>).errors).toEqual([
    { field: '', message: 'must not have two members of the same name' },
  ]);
});

test.each([
  '{"a":{"a":1},"b":{"a":1}}',
  '["a","a",{"a":"a"}]',
  String.raw`{"a":"\"a\":1","b":"{\"a\":[","c":":"}`,
  '{"a":"a","b":"a"}',
  '"a"',
  '1',
])('%s has no duplicate members and is accepted', (text) => {
  expect(parsed(text)).toEqual({ text, value: JSON.parse(text) });
});

test('JSON with another Content-Type is refused', () => {
  expect(parseJson('text/plain', new TextEncoder().encode('{}'))).toMatchObject({ reason: 'body_not_json' });
});

test.each([['{"a":1'], ['{"a":1,}'], ['']])('%s is not JSON and is refused', (text) => {
  expect((parsed(text) as Refusal<'body_wrong'>).errors).toEqual([
    { field: '', message: 'must be JSON in UTF-8' },
  ]);
});

test('all JSON that serializers write is accepted, whatever it holds', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = JSON.stringify(value);
      expect(parsed(text)).toEqual({ text, value: JSON.parse(text) });
    }),
  );
});

test('an object with one member repeated is refused, wherever in a value it is and however its name is escaped', () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), fc.jsonValue(), (name, before, value) => {
      const escaped = `"${[...name].map(escapeUnits).join('')}"`;
      const object = `{${JSON.stringify(name)}:${JSON.stringify(value)},${escaped}:0}`;
      expect(parsed(`[${JSON.stringify(before)},${object}]`)).toBeInstanceOf(Refusal);
    }),
  );
});

/** The character as `\uXXXX`, or as two of them. */
const escapeUnits = (character: string): string =>
  character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
