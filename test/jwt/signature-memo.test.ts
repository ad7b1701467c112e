import { expect, test } from 'vitest';
import { SignatureMemo } from '../../src/jwt/signature-memo.ts';

const TOKEN_BYTES = 32;
const tokens = Array.from({ length: 1000 }, (_, n) => `token ${n}`);

test('a memo knows the tokens that were added, and no other', () => {
  const memo = new SignatureMemo(1_000_000);
  for (const token of tokens.slice(0, 500)) memo.add(token);
  expect(tokens.filter((token) => memo.has(token))).toEqual(tokens.slice(0, 500));
});

test('a memo remembers no more tokens than fit in its bytes, and the newest is one of them', () => {
  for (const size of [4, 40, 400]) {
    const memo = new SignatureMemo(size * TOKEN_BYTES);
    for (const token of tokens) memo.add(token);
    expect(memo.has('token 999')).toBe(true);
    expect(tokens.filter((token) => memo.has(token)).length).toBeLessThanOrEqual(size);
  }
});

test('a token stays until four others have come to its bucket', () => {
  const memo = new SignatureMemo(4 * TOKEN_BYTES);
  memo.add('first');
  for (const token of tokens.slice(0, 3)) memo.add(token);
  expect(memo.has('first')).toBe(true);
  memo.add('one more');
  expect(memo.has('first')).toBe(false);
});

test('a memo that is smaller than one bucket has one', () => {
  const memo = new SignatureMemo(1);
  memo.add('token');
  expect(memo.has('token')).toBe(true);
});
