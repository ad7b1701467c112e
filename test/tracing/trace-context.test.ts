import { describe, expect, test } from 'vitest';
import {
  formatTraceParent,
  newSpanId,
  newTraceId,
  parseTraceParent,
  parseTraceState,
} from '../../src/tracing/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('a traceparent', () => {
  test('is read with its ids and its sampled flag', () => {
    const parent = { traceId: TRACE, parentId: SPAN };
    expect(parseTraceParent(`00-${TRACE}-${SPAN}-01`)).toEqual({ ...parent, isSampled: true });
    expect(parseTraceParent(`00-${TRACE}-${SPAN}-fe`)).toEqual({ ...parent, isSampled: false });
  });

  test('of a later version may have more after its flags', () => {
    expect(parseTraceParent(`cc-${TRACE}-${SPAN}-01-what-the-future-will-be`)?.traceId).toBe(TRACE);
    expect(parseTraceParent(`cc-${TRACE}-${SPAN}-01`)?.traceId).toBe(TRACE);
  });

  test.for([
    '',
    'x',
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-`,
    `00-${TRACE}-${SPAN}-01-more`,
    `cc-${TRACE}-${SPAN}-01more`,
    `0-${TRACE}-${SPAN}-01`,
    `00-${TRACE.slice(1)}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}0-01`,
    `00-${TRACE}-${SPAN}-1`,
    `00-${TRACE}-${SPAN}-0g`,
    ` 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01\n`,
    `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    `cc-${TRACE}-${SPAN}-01-${'x'.repeat(300)}`,
  ])('is not read if it is %j', (value) => {
    expect(parseTraceParent(value)).toBeUndefined();
  });

  test('that is written is read back, and new ids are valid', () => {
    const [traceId, spanId] = [newTraceId(), newSpanId()];
    expect(parseTraceParent(formatTraceParent(traceId, spanId, true))).toEqual({
      traceId,
      parentId: spanId,
      isSampled: true,
    });
  });
});

describe('a tracestate', () => {
  test.for([
    ['rojo=00f067aa0ba902b7,congo=t61rcWkgMzE', 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'],
    [' a=1 , , b@vendor=x y ', 'a=1,b@vendor=x y'],
  ] as const)('of valid members is read: %j', ([value, read]) => {
    expect(parseTraceState(value)).toBe(read);
  });

  test('on several lines is read as one', () => {
    expect(parseTraceState(['a=1', 'b=2'])).toBe('a=1,b=2');
  });

  test.for([
    undefined,
    '',
    ',',
    'a',
    'A=1',
    'a=',
    'a=1=2',
    'a=1,a=2',
    'a=\u00e9',
    'a=1\r\nx: y',
    `a=${'x'.repeat(257)}`,
    Array.from({ length: 33 }, (_, i) => `k${i}=1`).join(','),
    Array.from({ length: 20 }, (_, i) => `k${i}=${'x'.repeat(30)}`).join(','),
  ])('is dropped as a whole if it is %j', (value) => {
    expect(parseTraceState(value)).toBeUndefined();
  });
});
