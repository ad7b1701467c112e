import type { Transaction } from '../../../api/bank.ts';
import { formatMoney } from '../../../ui/format.ts';

/** An amount with its sign, so that it needs no colour: `−€12.50` went out, `+€12.50` came in. */
export const signedAmount = ({
  direction,
  amountMinor,
  currency,
}: Pick<Transaction, 'direction' | 'amountMinor' | 'currency'>): string =>
  `${direction === 'debit' ? '−' : '+'}${formatMoney(amountMinor, currency)}`;

/** What to say of transactions that have just arrived, oldest first. */
export function arrivalsText(arrived: readonly Transaction[]): string {
  const newest = arrived.at(-1);
  if (newest === undefined) return '';
  const balance = `Balance ${formatMoney(newest.balanceAfterMinor, newest.currency)}.`;
  if (arrived.length > 1) return `${arrived.length} new transactions. ${balance}`;
  return `New transaction: ${signedAmount(newest)}, ${newest.counterparty}. ${balance}`;
}

/** How many were found, and whether that is all. */
export function hitsText(count: number, isComplete: boolean): string {
  const hits = count === 0 ? 'Nothing was found.' : `${count} ${count === 1 ? 'hit' : 'hits'}.`;
  return isComplete ? hits : `${hits} Older transactions were not searched.`;
}
