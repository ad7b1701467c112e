/** The upstream's responses by path. All are JSON. */
export const RESPONSE_BYTES = { '/accounts': 600, '/accounts/large': 16 * 1024, '/messages': 120 } as const;

/** Any path of the upstream, without the `/bank` prefix. */
export type UpstreamPath = keyof typeof RESPONSE_BYTES;

/** The upstream's response body: a page of transactions as JSON, padded to the length for this path. */
export function responseBody(path: UpstreamPath = '/accounts'): Buffer {
  const bytes = RESPONSE_BYTES[path];
  const transaction = (n: number): object => ({
    id: `173214000000${n}-0`,
    type: 'debit',
    amountMinor: 1299 * n,
    currency: 'EUR',
    counterparty: 'Corner Bakery',
    balanceAfterMinor: 10_000_000 - 1299 * n,
  });
  const transactions: object[] = [];
  const text = (note: string): string => JSON.stringify({ transactions, note });
  const longest = JSON.stringify(transaction(99)).length + 1;
  while (text('').length + longest <= bytes) transactions.push(transaction(transactions.length + 1));
  return Buffer.from(text('.'.repeat(bytes - text('').length)));
}
