import type { JSX } from 'preact';
import type { Transaction } from '../../../api/bank.ts';
import { formatDateTime, formatMoney } from '../../../ui/format.ts';
import { TableHead } from '../../../ui/table-head.tsx';
import { signedAmount } from '../account/labels.ts';
import { highlight } from './highlight.ts';

interface TransactionTableProps {
  caption: string;
  rows: readonly Transaction[];
  /** Highlighted where it occurs. */
  term?: string | undefined;
  /** Whether the row was added while the page was open. */
  isFresh?: (id: string) => boolean;
}

/** Transactions, one per row; on a narrow screen, one per card. */
export const TransactionTable = ({ caption, rows, term, isFresh }: TransactionTableProps): JSX.Element => (
  <table class="cards transactions">
    <TableHead
      caption={caption}
      columns={['Date', 'Payee', 'Description', 'Category']}
      amounts={['Amount', 'Balance after']}
    />
    <tbody>
      {rows.map((row) => (
        <Row key={row.id} row={row} term={term} isFresh={isFresh?.(row.id) ?? false} />
      ))}
    </tbody>
  </table>
);

interface RowProps {
  row: Transaction;
  term: string | undefined;
  isFresh: boolean;
}

const Row = ({ row, term, isFresh }: RowProps): JSX.Element => (
  <tr class={isFresh ? 'fresh' : undefined}>
    <td class="date">
      <time datetime={row.at}>{formatDateTime(row.at)}</time>
    </td>
    <th scope="row" class="payee">
      <HighlightedText text={row.counterparty} term={term} />
    </th>
    <td class="description">
      <HighlightedText text={row.description} term={term} />
    </td>
    <td class="category">
      <span class="badge">
        <HighlightedText text={row.type} term={term} />
      </span>
    </td>
    <td class={`amount ${row.direction}`}>{signedAmount(row)}</td>
    <td class="amount after" data-label="Balance after">
      {formatMoney(row.balanceAfterMinor, row.currency)}
    </td>
  </tr>
);

const HighlightedText = ({ text, term }: { text: string; term: string | undefined }): JSX.Element => (
  <>
    {term === undefined
      ? text
      : highlight(text, term).map((piece) => (piece.isMatch ? <mark>{piece.text}</mark> : piece.text))}
  </>
);
