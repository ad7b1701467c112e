import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Memo } from '../src/memo.ts';

test('a memo answers with the value of the same text or not at all', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.nat(60), { maxLength: 400 }), (size, texts) => {
      const memo = new Memo<number>(size);
      for (const text of texts) {
        expect([undefined, text]).toContain(memo.get(String(text)));
        memo.set(String(text), text);
      }
    }),
  );
});

test('a memo forgets: of many texts it holds at most its size', () => {
  const memo = new Memo<number>(10);
  for (let i = 0; i < 1000; i += 1) memo.set(String(i), i);
  const held = Array.from({ length: 1000 }, (_, i) => i).filter((i) => memo.has(String(i)));
  expect(held.length).toBeLessThanOrEqual(10);
  expect(held).toContain(999);
});

test('what is asked for again and again is kept while others come and go', () => {
  const memo = new Memo<number>(10);
  memo.set('kept', 1);
  for (let i = 0; i < 1000; i += 1) {
    memo.set(`other ${i}`, i);
    expect(memo.get('kept')).toBe(1);
  }
});

test('a memo of size 0 remembers nothing', () => {
  const memo = new Memo<number>(0);
  memo.set('a', 1);
  expect(memo.get('a')).toBeUndefined();
});
