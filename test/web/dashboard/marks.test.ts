import { expect, test } from 'vitest';
import { marked } from '../../../src/web/features/dashboard/transactions/highlight.ts';

/** The text with its hits in brackets. */
const bracketed = (text: string, term: string): string =>
  marked(text, term)
    .map((piece) => (piece.isHit ? `[${piece.text}]` : piece.text))
    .join('');

test('a term is marked wherever it occurs, in either case, and the text stays as it is', () => {
  expect(bracketed('Bluebird Books', 'boo')).toBe('Bluebird [Boo]ks');
  expect(bracketed('books and BOOKS', 'BooK')).toBe('[book]s and [BOOK]S');
  expect(bracketed('Bluebird Books', ' bird ')).toBe('Blue[bird] Books');
  expect(bracketed('Bluebird Books', 'train')).toBe('Bluebird Books');
  expect(bracketed('', 'train')).toBe('');
  expect(bracketed('anything', '  ')).toBe('anything');
});

test('occurrences that overlap or touch are one mark', () => {
  expect(bracketed('banana', 'ana')).toBe('b[anana]');
  expect(bracketed('aaaaa', 'aaa')).toBe('[aaaaa]');
  expect(bracketed('abcabc', 'abc')).toBe('[abcabc]');
});

test('characters that mean something in patterns mean themselves', () => {
  expect(bracketed('a.c abc (x)* [y]', '(x)*')).toBe('a.c abc [(x)*] [y]');
  expect(bracketed('abc', '...')).toBe('abc');
  expect(bracketed('50% $& \\d+', '$& ')).toBe('50% [$&] \\d+');
});

test('markup is text like any other', () => {
  expect(marked('<img src=x onerror=alert(1)>', 'img')).toEqual([
    { text: '<', isHit: false },
    { text: 'img', isHit: true },
    { text: ' src=x onerror=alert(1)>', isHit: false },
  ]);
});

test('however a character is composed, it is found and marked as a whole', () => {
  const decomposed = 'Cafe\u0301 Royal';
  expect(bracketed(decomposed, 'caf\u00e9')).toBe('[Cafe\u0301] Royal');
  expect(bracketed('Caf\u00e9 Royal', 'cafe\u0301')).toBe('[Caf\u00e9] Royal');
  expect(bracketed(decomposed, 'cafe')).toBe(decomposed);
});

test('a character that stands for several is marked when one of them is hit', () => {
  expect(bracketed('of\ufb01ce', 'ffi')).toBe('o[f\ufb01]ce');
  expect(bracketed('of\ufb01ce', 'ice')).toBe('of[\ufb01ce]');
  expect(bracketed('\u0130stanbul', 'stan')).toBe('\u0130[stan]bul');
});

test('a character of two code units is not torn', () => {
  expect(bracketed('two 👩‍👩‍👧 three', '👩‍👩‍👧 th')).toBe('two [👩‍👩‍👧 th]ree');
});
