export const RESPONSE_BYTES = 600;

/** The upstream's response body: a page of transactions as JSON, padded to `RESPONSE_BYTES`. */
export function responseBody(): Buffer {
  const transactions = [1, 2, 3].map((n) => ({
    id: `173214000000${n}-0`,
    type: 'debit',
    amountMinor: 1299 * n,
    currency: 'EUR',
    counterparty: 'Corner Bakery',
    balanceAfterMinor: 10_000_000 - 1299 * n,
  }));
  const empty = JSON.stringify({ transactions, note: '' });
  return Buffer.from(JSON.stringify({ transactions, note: '.'.repeat(RESPONSE_BYTES - empty.length) }));
}
