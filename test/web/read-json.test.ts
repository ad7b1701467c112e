import { expect, test } from 'vitest';
import { readJson } from '../../src/web/api/read-json.ts';

test('an answer that has an element where a text should be is not read: the page would draw it', () => {
  const element = { tag: 'meta', props: { 'http-equiv': 'refresh', content: '0;url=https://evil.example' } };
  const answer = JSON.stringify({ transactions: [{ id: '1-0', description: element }] });
  expect(() => readJson(answer)).toThrow(SyntaxError);
  expect(readJson('{"transactions":[{"id":"1-0","description":"tag"}]}')).toEqual({
    transactions: [{ id: '1-0', description: 'tag' }],
  });
});
