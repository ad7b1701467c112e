/** A column: its heading, and whether its cells are numbers, which are aligned to the right. */
export type Column = string | { readonly number: string };

/** A Markdown table. Undefined cells are empty. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly (string | undefined)[])[],
): string {
  const heading = columns.map((column) => (typeof column === 'string' ? column : column.number));
  const rule = columns.map((column) => (typeof column === 'string' ? '---' : '--:'));
  const line = (cells: readonly (string | undefined)[]): string =>
    `| ${cells.map((cell) => (cell ?? '').replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heading), `|${rule.join('|')}|`, ...rows.map(line)].join('\n');
}

export const numbers = (...headings: readonly string[]): Column[] => headings.map((number) => ({ number }));

/** A number with digits grouped by commas, or undefined. */
export const fixed = (value: number | undefined, digits = 0): string | undefined =>
  value === undefined || Number.isNaN(value)
    ? undefined
    : value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** A count in a form that is short and exact: `40,000`, `1 million`. */
export const count = (value: number): string =>
  value % 1_000_000 === 0 && value > 0 ? `${fixed(value / 1_000_000)} million` : (fixed(value) ?? '');

/** Text with the part between `<!-- name -->` and `<!-- end -->` replaced. @throws if the markers are missing */
export function replaceMarked(page: string, name: string, content: string): string {
  const start = `<!-- ${name} -->`;
  const from = page.indexOf(start);
  const end = page.indexOf('<!-- end -->', from);
  if (from === -1 || end === -1) throw new Error(`the page has no part between ${start} and <!-- end -->`);
  return `${page.slice(0, from)}${start}\n${content.trim()}\n${page.slice(end)}`;
}
