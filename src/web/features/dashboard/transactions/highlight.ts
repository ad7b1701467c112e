/** A piece of a text, and whether it is what was searched for. */
export interface Piece {
  text: string;
  isHit: boolean;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** As the bank compares: in neither case, and without regard to how a character is composed. */
const fold = (text: string): string => text.normalize('NFKC').toLowerCase();

/** The folded text, and for each of its code units the number of the character that it came from. */
function foldedWithOrigins(characters: readonly string[]): { folded: string; origins: number[] } {
  const parts = characters.map(fold);
  return {
    folded: parts.join(''),
    origins: parts.flatMap((part, index) => Array.from({ length: part.length }, () => index)),
  };
}

const charactersOf = (text: string): string[] =>
  Array.from(graphemes.segment(text), ({ segment }) => segment);

/**
 * The text in pieces, whole characters each: those in which the term occurs, and those between. Occurrences that
 * overlap or touch are one piece.
 */
export function marked(text: string, term: string): Piece[] {
  const characters = charactersOf(text);
  const { folded, origins } = foldedWithOrigins(characters);
  const wanted = foldedWithOrigins(charactersOf(term.trim())).folded;
  const hits = new Set<number>();
  if (wanted !== '')
    for (let at = folded.indexOf(wanted); at >= 0; at = folded.indexOf(wanted, at + 1))
      for (const origin of origins.slice(at, at + wanted.length)) hits.add(origin);
  const pieces: Piece[] = [];
  for (const [index, character] of characters.entries()) {
    const isHit = hits.has(index);
    const last = pieces.at(-1);
    if (last?.isHit === isHit) last.text += character;
    else pieces.push({ text: character, isHit });
  }
  return pieces;
}
