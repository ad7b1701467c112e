import { expect, test } from 'vitest';
import { highlight } from '../../../../src/web/features/dashboard/transactions/highlight.ts';

/** The text with its matches in brackets. */
const bracketed = (text: string, term: string): string =>
  highlight(text, term)
    .map((piece) => (piece.isMatch ? `[${piece.text}]` : piece.text))
    .join('');

test('a term is highlighted wherever it occurs, in any case, and the text is unchanged', () => {
  expect(bracketed('Bluebird Books', 'boo')).toBe('Bluebird [Boo]ks');
  expect(bracketed('books and BOOKS', 'BooK')).toBe('[book]s and [BOOK]S');
  expect(bracketed('Bluebird Books', ' bird ')).toBe('Blue[bird] Books');
  expect(bracketed('Bluebird Books', 'train')).toBe('Bluebird Books');
  expect(bracketed('', 'train')).toBe('');
  expect(bracketed('anything', '  ')).toBe('anything');
});

test('matches that overlap or touch are merged', () => {
  expect(bracketed('banana', 'ana')).toBe('b[anana]');
  expect(bracketed('aaaaa', 'aaa')).toBe('[aaaaa]');
  expect(bracketed('abcabc', 'abc')).toBe('[abcabc]');
});

test('special characters of regular expressions are matched literally', () => {
  expect(bracketed('a.c abc (x)* [y]', '(x)*')).toBe('a.c abc [(x)*] [y]');
  expect(bracketed('abc', '...')).toBe('abc');
  expect(bracketed('50% $& \\d+', '$& ')).toBe('50% [$&] \\d+');
});

test('markup is matched as text', () => {
  expect(highlight('<img src=x onerror=alert(1)>', 'img')).toEqual([
    { text: '<', isMatch: false },
    { text: 'img', isMatch: true },
    { text: ' src=x onerror=alert(1)>', isMatch: false },
  ]);
});

test('composed and decomposed characters match and are highlighted as a whole', () => {
  const decomposed = 'Cafe\u0301 Royal';
  expect(bracketed(decomposed, 'caf\u00e9')).toBe('[Cafe\u0301] Royal');
  expect(bracketed('Caf\u00e9 Royal', 'cafe\u0301')).toBe('[Caf\u00e9] Royal');
  expect(bracketed(decomposed, 'cafe')).toBe(decomposed);
});

test('a ligature is highlighted if one of its characters matches', () => {
  expect(bracketed('of\ufb01ce', 'ffi')).toBe('o[f\ufb01]ce');
  expect(bracketed('of\ufb01ce', 'ice')).toBe('of[\ufb01ce]');
  expect(bracketed('\u0130stanbul', 'stan')).toBe('\u0130[stan]bul');
});

test('a character of several code units is not split', () => {
  expect(bracketed('two 👩‍👩‍👧 three', '👩‍👩‍👧 th')).toBe('two [👩‍👩‍👧 th]ree');
});
