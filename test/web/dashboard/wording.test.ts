import { expect, test } from 'vitest';
import type { Transaction } from '../../../src/web/api/bank.ts';
import { arrivalsText, hitsText, signedAmount } from '../../../src/web/features/dashboard/account/labels.ts';
import { formatMoney } from '../../../src/web/ui/format.ts';

const debit: Transaction = {
  id: '1-0',
  accountId: 'a',
  at: '2026-01-01T00:00:00.000Z',
  direction: 'debit',
  type: 'other',
  counterparty: 'Somebody',
  description: 'Something',
  amountMinor: 1250,
  currency: 'EUR',
  balanceAfterMinor: 8750,
};

test('what went out and what came in differ by their sign', () => {
  expect(signedAmount(debit)).toBe(`−${formatMoney(1250, 'EUR')}`);
  expect(signedAmount({ ...debit, direction: 'credit' })).toBe(`+${formatMoney(1250, 'EUR')}`);
});

test('one arrival is told as it is, several as their number, both with the balance after the last', () => {
  expect(arrivalsText([debit])).toMatch(/^New transaction: −\S+, Somebody\. Balance \S+87[.,]50/);
  const text = arrivalsText([debit, { ...debit, balanceAfterMinor: 100 }]);
  expect(text).toMatch(/^2 new transactions\. Balance \S*1[.,]00/);
});

test('the number of hits says when it is not all', () => {
  expect(hitsText(0, true)).toBe('Nothing was found.');
  expect(hitsText(1, true)).toBe('1 hit.');
  expect(hitsText(50, false)).toBe('50 hits. Older transactions were not searched.');
});
