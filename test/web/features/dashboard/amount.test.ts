import { describe, expect, test } from 'vitest';
import { readAmount } from '../../../../src/web/features/dashboard/transfer/amount.ts';

const cents = (text: string, language = 'en-GB') => readAmount(text, 2, language);

describe('an amount is parsed in the format of its language', () => {
  test.each([
    ['en-GB', '12', 1200],
    ['en-GB', '12.5', 1250],
    ['en-GB', '12.50', 1250],
    ['en-GB', ' 1,234.56 ', 123_456],
    ['en-GB', '1234.56', 123_456],
    ['en-GB', '.50', 50],
    ['en-GB', '12.', 1200],
    ['en-GB', '007', 700],
    ['de-DE', '1.234,56', 123_456],
    ['de-DE', '1.234', 123_400],
    ['es-ES', '1.234,5', 123_450],
    ['fr-FR', '1\u202f234,56', 123_456],
    ['fr-FR', '1 234,56', 123_456],
    ['de-CH', "1'234.56", 123_456],
    ['de-CH', '1’234.56', 123_456],
    ['en-IN', '12,34,567.89', 123_456_789],
    ['ar-EG', '١٬٢٣٤٫٥٠', 123_450],
  ])('%s: "%s"', (language, text, amountMinor) => {
    expect(cents(text, language)).toBe(amountMinor);
  });

  test('with the number of decimals of the currency', () => {
    expect(readAmount('1,234', 0, 'en-GB')).toBe(1234);
    expect(readAmount('1.234', 3, 'en-GB')).toBe(1234);
    expect(readAmount('1.5', 0, 'en-GB')).toBe('too-precise');
  });

  test('exactly, where floating point would not be', () => {
    expect(cents('1.15')).toBe(115);
    expect(cents('90,071,992,547,409.91')).toBe(Number.MAX_SAFE_INTEGER);
    expect(cents('90,071,992,547,409.92')).toBe('too-large');
    expect(cents('9'.repeat(400))).toBe('too-large');
  });
});

test.each([
  ['en-GB', '12,50'],
  ['en-GB', '1.234,56'],
  ['en-GB', '1,23,456'],
  ['en-GB', ',123'],
  ['en-GB', '1,,234'],
  ['en-GB', '1 234'],
  ['de-DE', '12.50'],
  ['de-DE', '1.234.56'],
  ['en-GB', '1.2.3'],
  ['en-GB', '1.234,5'],
  ['en-GB', '-5'],
  ['en-GB', '+5'],
  ['en-GB', '1e3'],
  ['en-GB', '0x10'],
  ['en-GB', '€5'],
  ['en-GB', '5 EUR'],
  ['en-GB', '.'],
  ['en-GB', ''],
  ['en-GB', 'a lot'],
])('%s: "%s" is ambiguous or not an amount and is refused', (language, text) => {
  expect(cents(text, language)).toBe('unreadable');
});

test('too many decimals and zero are refused with their own reasons', () => {
  expect(cents('0.001')).toBe('too-precise');
  expect(cents('0')).toBe('zero');
  expect(cents('0.00')).toBe('zero');
});
