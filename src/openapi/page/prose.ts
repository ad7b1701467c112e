import { html } from 'hono/html';

/** A piece of a page; what was put into it is escaped. */
export type Html = ReturnType<typeof html>;

/** Text with `code` between backquotes, the one mark-up that a line may have. */
export const inline = (text: string): Html[] =>
  text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));

/** Paragraphs divided by empty lines, and lists of lines that begin with a dash. */
export const prose = (text: string): Html[] =>
  text
    .split('\n\n')
    .map((block) =>
      block.startsWith('- ')
        ? html`<ul>${block.split('\n').map((line) => html`<li>${inline(line.slice(2))}</li>`)}</ul>`
        : html`<p>${inline(block)}</p>`,
    );
