import type { ComponentChildren, JSX } from 'preact';

interface TableHeadProps {
  /** Read out, not shown. */
  caption: string;
  columns: readonly string[];
  /** The last columns, which are aligned to the right. */
  amounts?: readonly string[];
  /** A further cell. */
  children?: ComponentChildren;
}

export const TableHead = ({ caption, columns, amounts = [], children }: TableHeadProps): JSX.Element => (
  <>
    <caption class="unseen">{caption}</caption>
    <thead>
      <tr>
        {[...columns, ...amounts].map((name) => (
          <th key={name} scope="col" class={amounts.includes(name) ? 'amount' : undefined}>
            {name}
          </th>
        ))}
        {children}
      </tr>
    </thead>
  </>
);
