import { html } from 'hono/html';

/** A fragment of a page. Interpolated values are escaped. */
export type Html = ReturnType<typeof html>;

/** Text with `code` between backquotes, the only markup that a line can have. */
export const inline = (text: string): Html[] =>
  text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));

/** Paragraphs separated by empty lines, and lists of lines that begin with a dash. */
export const prose = (text: string): Html[] =>
  text
    .split('\n\n')
    .map((block) =>
      block.startsWith('- ')
        ? html`<ul>${block.split('\n').map((line) => html`<li>${inline(line.slice(2))}</li>`)}</ul>`
        : html`<p>${inline(block)}</p>`,
    );
