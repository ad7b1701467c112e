import { describe, expect, test } from 'vitest';
import { NotHttp, parseAnswer } from '../../src/probe/raw-answer.ts';

const wire = (text: string): Buffer => Buffer.from(text, 'latin1');
const HEAD = 'HTTP/1.1 401 Unauthorized\r\n';

test('a response is read as soon as its declared length is there, and no sooner', () => {
  const text = `${HEAD}Content-Type: a/b\r\nX-A: 1\r\nx-a:  2 \r\ncontent-length: 5\r\n\r\nhello`;
  for (let end = 0; end < text.length; end += 1)
    expect(parseAnswer(wire(text.slice(0, end)), false)).toBeUndefined();
  const answer = parseAnswer(wire(`${text}rest`), false);
  expect(answer).toMatchObject({ status: 401, body: 'hello' });
  expect(answer?.headers.get('x-a')).toBe('1, 2');
});

test('a chunked body is put together', () => {
  const text = `${HEAD}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n`;
  expect(parseAnswer(wire(text), false)?.body).toBe('hello!');
  expect(parseAnswer(wire(text.slice(0, -8)), false)).toBeUndefined();
});

test('a body without a length ends with the connection', () => {
  const text = `${HEAD}\r\nhello`;
  expect(parseAnswer(wire(text), false)).toBeUndefined();
  expect(parseAnswer(wire(text), true)?.body).toBe('hello');
});

test('interim responses are passed over', () => {
  const text = `HTTP/1.1 100 Continue\r\n\r\n${HEAD}content-length: 0\r\n\r\n`;
  expect(parseAnswer(wire(text), false)?.status).toBe(401);
});

describe('what is no response is not taken for one:', () => {
  test.each([
    ['another protocol', 'SSH-2.0-x\r\n\r\n'],
    ['a status that is none', 'HTTP/1.1 999 x\r\n\r\n'],
    ['a status line with a line break in it', 'HTTP/1.1 200 a\nb\r\n\r\n'],
    ['a header without a name', `${HEAD}: x\r\n\r\n`],
    ['a header with a space in its name', `${HEAD}a b: x\r\n\r\n`],
    ['a length that is no number', `${HEAD}content-length: x\r\n\r\n`],
    ['two lengths', `${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\n`],
    ['a chunk without a size', `${HEAD}transfer-encoding: chunked\r\n\r\nx\r\n`],
  ])('%s', (_what, text) => {
    expect(() => parseAnswer(wire(text), false)).toThrow(NotHttp);
  });

  test('headers that break off', () => {
    expect(() => parseAnswer(wire(HEAD), true)).toThrow(NotHttp);
  });
});
