import { expect, test } from 'vitest';
import { NotDone } from '../../../src/web/api/api-error.ts';
import {
  type Attempt,
  attemptOf,
  readOrder,
  refusalAtFields,
} from '../../../src/web/features/dashboard/transfer/transfer-order.ts';

const TERMS = { minorDigits: 2, language: 'en-GB', example: '1,234.50' };
const TEXTS = { to: ' acc-1 ', amountMinor: '12.5', description: ' Rent ' };
const ORDER = { to: 'acc-1', amountMinor: 1250, description: 'Rent' };

test('what the form says is an order in minor units, without spaces around it', () => {
  expect(readOrder(TEXTS, TERMS)).toEqual({ order: ORDER });
});

test('everything that is wrong is told at once, each at its field', () => {
  expect(readOrder({ to: 'no such/id', amountMinor: '12,5', description: ' ' }, TERMS)).toEqual({
    faults: {
      to: expect.any(String),
      amountMinor: 'Write the amount like 1,234.50.',
      description: expect.any(String),
    },
  });
  expect(readOrder({ ...TEXTS, description: '👍'.repeat(140) }, TERMS)).toHaveProperty('order');
  expect(readOrder({ ...TEXTS, description: '👍'.repeat(141) }, TERMS)).toEqual({
    faults: { description: 'Use at most 140 characters.' },
  });
});

test('an attempt that nobody knows the fate of keeps its key, for the same transfer only', () => {
  let made = 0;
  const makeKey = (): string => `key ${++made}`;
  const first = attemptOf(ORDER, undefined, makeKey);
  expect(first).toEqual({ order: ORDER, idempotencyKey: 'key 1', isUncertain: false });
  const uncertain: Attempt = { ...first, isUncertain: true };
  expect(attemptOf({ ...ORDER }, uncertain, makeKey)).toBe(uncertain);
  for (const change of [{ to: 'acc-2' }, { amountMinor: 1251 }, { description: 'rent' }])
    expect(attemptOf({ ...ORDER, ...change }, uncertain, makeKey).idempotencyKey).not.toBe('key 1');
  expect(attemptOf(ORDER, first, makeKey).idempotencyKey).toBe('key 5');
});

test('a refusal goes to the fields that the bank names, in words for people', () => {
  const refused = (status: number, field: string) =>
    refusalAtFields(
      new NotDone(status, { code: 'c', title: 'The title.', errors: [{ field, message: 'wants more' }] }),
    );
  expect(refused(422, 'amountMinor')).toEqual({ amountMinor: 'The title.' });
  expect(refused(400, 'description')).toEqual({ description: 'The bank wants more.' });
  expect(refused(400, 'Idempotency-Key')).toEqual({});
});
