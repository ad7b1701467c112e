import type { JSX } from 'hono/jsx/dom/jsx-runtime';
import { marked } from './marks.ts';

/** A text with what was searched for marked in it. */
export const MarkedText = ({ text, term }: { text: string; term: string | undefined }): JSX.Element => (
  <>
    {term === undefined
      ? text
      : marked(text, term).map((piece) => (piece.isHit ? <mark>{piece.text}</mark> : piece.text))}
  </>
);
