import { expect, test } from 'vitest';
import type { Transaction } from '../../../../src/web/api/bank.ts';
import {
  newTransactionsText,
  resultsText,
  signedAmount,
} from '../../../../src/web/features/dashboard/account/labels.ts';
import { formatMoney } from '../../../../src/web/ui/format.ts';

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

test('paid and received amounts differ by their sign', () => {
  expect(signedAmount(debit)).toBe(`−${formatMoney(1250, 'EUR')}`);
  expect(signedAmount({ ...debit, direction: 'credit' })).toBe(`+${formatMoney(1250, 'EUR')}`);
});

test('one new transaction is announced in full, several by their number, with the latest balance', () => {
  expect(newTransactionsText([debit])).toMatch(/^New transaction: −\S+, Somebody\. Balance \S+87[.,]50/);
  const text = newTransactionsText([debit, { ...debit, balanceAfterMinor: 100 }]);
  expect(text).toMatch(/^2 new transactions\. Balance \S*1[.,]00/);
});

test('the number of results shows when the search was incomplete', () => {
  expect(resultsText(0, true)).toBe('No results');
  expect(resultsText(1, true)).toBe('1 result');
  expect(resultsText(50, false)).toBe('50 results. Older transactions were not searched.');
});
