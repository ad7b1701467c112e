import { expect, test } from 'vitest';
import { ApiError } from '../../../../src/web/api/api-error.ts';
import {
  type Attempt,
  attemptFor,
  readOrder,
  refusedFields,
} from '../../../../src/web/features/dashboard/transfer/transfer-order.ts';

const FORMAT = { minorDigits: 2, language: 'en-GB', example: '1,234.50' };
const TEXTS = { to: ' acc-1 ', amountMinor: '12.5', description: ' Rent ' };
const ORDER = { to: 'acc-1', amountMinor: 1250, description: 'Rent' };

test('the form is read as an order in minor units, without surrounding spaces', () => {
  expect(readOrder(TEXTS, FORMAT)).toEqual({ order: ORDER });
});

test('all errors are reported at once, each at its field', () => {
  expect(readOrder({ to: 'no such/id', amountMinor: '12,5', description: ' ' }, FORMAT)).toEqual({
    errors: {
      to: expect.any(String),
      amountMinor: 'Enter an amount, for example 1,234.50.',
      description: expect.any(String),
    },
  });
  expect(readOrder({ ...TEXTS, description: '👍'.repeat(140) }, FORMAT)).toHaveProperty('order');
  expect(readOrder({ ...TEXTS, description: '👍'.repeat(141) }, FORMAT)).toEqual({
    errors: { description: 'Use at most 140 characters.' },
  });
});

test('an uncertain attempt keeps its idempotency key, but only for the same transfer', () => {
  let made = 0;
  const createKey = (): string => `key ${++made}`;
  const first = attemptFor(ORDER, undefined, createKey);
  expect(first).toEqual({ order: ORDER, idempotencyKey: 'key 1', isUncertain: false });
  const uncertain: Attempt = { ...first, isUncertain: true };
  expect(attemptFor({ ...ORDER }, uncertain, createKey)).toBe(uncertain);
  for (const change of [{ to: 'acc-2' }, { amountMinor: 1251 }, { description: 'rent' }])
    expect(attemptFor({ ...ORDER, ...change }, uncertain, createKey).idempotencyKey).not.toBe('key 1');
  expect(attemptFor(ORDER, first, createKey).idempotencyKey).toBe('key 5');
});

test('a refusal is shown at the fields that the bank names, as a sentence', () => {
  const refused = (status: number, field: string) =>
    refusedFields(
      new ApiError(status, {
        code: 'c',
        title: 'The title.',
        errors: [{ field, message: 'must be longer' }],
      }),
    );
  expect(refused(422, 'amountMinor')).toEqual({ amountMinor: 'The title.' });
  expect(refused(400, 'description')).toEqual({ description: 'Must be longer.' });
  expect(refused(400, 'Idempotency-Key')).toEqual({});
});
