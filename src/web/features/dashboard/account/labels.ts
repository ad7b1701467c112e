import type { Transaction } from '../../../api/bank.ts';
import { formatMoney } from '../../../ui/format.ts';

/** An amount with its sign, so that it does not depend on color: `−€12.50` was paid, `+€12.50` was received. */
export const signedAmount = ({
  direction,
  amountMinor,
  currency,
}: Pick<Transaction, 'direction' | 'amountMinor' | 'currency'>): string =>
  `${direction === 'debit' ? '−' : '+'}${formatMoney(amountMinor, currency)}`;

/** Announces new transactions, given oldest first. */
export function newTransactionsText(added: readonly Transaction[]): string {
  const newest = added.at(-1);
  if (newest === undefined) return '';
  const balance = `Balance ${formatMoney(newest.balanceAfterMinor, newest.currency)}.`;
  if (added.length > 1) return `${added.length} new transactions. ${balance}`;
  return `New transaction: ${signedAmount(newest)}, ${newest.counterparty}. ${balance}`;
}

/** The number of search results, and whether all transactions were searched. */
export function resultsText(count: number, isComplete: boolean): string {
  const results = count === 0 ? 'No results' : `${count} ${count === 1 ? 'result' : 'results'}`;
  return isComplete ? results : `${results}. Older transactions were not searched.`;
}
