import { describe, expect, test } from 'vitest';
import { NotHttp, parseFinalResponse, parseResponse } from '../../src/probe/raw-response.ts';

const wire = (text: string): Buffer => Buffer.from(text, 'latin1');
const parse = (text: string, closed = false) => parseFinalResponse(wire(text), { closed });
const bodyOf = (text: string, closed = false) => parse(text, closed)?.body.toString();
const HEAD = 'HTTP/1.1 401 Unauthorized\r\n';

test('a response is complete once its declared length has arrived', () => {
  const text = `${HEAD}Content-Type: a/b\r\nX-A: 1\r\nx-a:  2 \r\ncontent-length: 5\r\n\r\nhello`;
  for (let end = 0; end < text.length; end += 1) expect(parse(text.slice(0, end))).toBeUndefined();
  expect(parse(`${text}rest`)).toMatchObject({ status: 401, headers: { 'x-a': ['1', '2'] } });
  expect(bodyOf(`${text}rest`)).toBe('hello');
  expect(parseResponse(wire(`${text}rest`))?.rest.toString()).toBe('rest');
});

test('the chunks of a chunked body are joined', () => {
  const text = `${HEAD}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n`;
  expect(bodyOf(text)).toBe('hello!');
  expect(parse(text.slice(0, -8))).toBeUndefined();
});

test('a body without a length ends with the connection', () => {
  const text = `${HEAD}\r\nhello`;
  expect(parse(text)).toBeUndefined();
  expect(bodyOf(text, true)).toBe('hello');
});

test('a response to HEAD has no body, whatever its length is', () => {
  const text = `${HEAD}content-length: 5\r\n\r\n`;
  expect(parse(text)).toBeUndefined();
  expect(parseResponse(wire(text), { toHead: true })?.response.body).toHaveLength(0);
});

test('interim responses are skipped', () => {
  const text = `HTTP/1.1 100 Continue\r\n\r\n${HEAD}content-length: 0\r\n\r\n`;
  expect(parse(text)?.status).toBe(401);
  expect(parseResponse(wire(text))?.response.status).toBe(100);
});

test('a header named like an object property is an ordinary header', () => {
  expect(parse(`${HEAD}constructor: x\r\n__proto__: y\r\ncontent-length: 0\r\n\r\n`)?.headers).toMatchObject({
    constructor: ['x'],
  });
});

describe('a malformed response is rejected:', () => {
  test.each([
    ['another protocol', 'SSH-2.0-x\r\n\r\n'],
    ['an invalid status', 'HTTP/1.1 999 x\r\n\r\n'],
    ['a status line that contains a line feed', 'HTTP/1.1 200 a\nb\r\n\r\n'],
    ['a header without a name', `${HEAD}: x\r\n\r\n`],
    ['a header name that contains a space', `${HEAD}a b: x\r\n\r\n`],
    ['a length that is not a number', `${HEAD}content-length: x\r\n\r\n`],
    ['two lengths', `${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\n`],
    ['a chunk without a size', `${HEAD}transfer-encoding: chunked\r\n\r\nx\r\n`],
  ])('%s', (_what, text) => {
    expect(() => parse(text)).toThrow(NotHttp);
  });

  test('a connection that closes within the headers', () => {
    expect(() => parse(HEAD, true)).toThrow(NotHttp);
  });
});
