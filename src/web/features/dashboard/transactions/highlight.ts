/** A piece of a text, and whether it matches the search term. */
interface Piece {
  text: string;
  isMatch: boolean;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** As the bank compares: without regard to case and to the composition of characters. */
const fold = (text: string): string => text.normalize('NFKC').toLowerCase();

/** The folded text and, for each of its code units, the index of the original character. */
function foldWithOrigins(characters: readonly string[]): { folded: string; origins: number[] } {
  const parts = characters.map(fold);
  return {
    folded: parts.join(''),
    origins: parts.flatMap((part, index) => Array.from({ length: part.length }, () => index)),
  };
}

const charactersOf = (text: string): string[] =>
  Array.from(graphemes.segment(text), ({ segment }) => segment);

/**
 * Splits the text into pieces of whole characters: those that match the term, and those between. Matches that overlap or
 * touch are one piece.
 */
export function highlight(text: string, term: string): Piece[] {
  const characters = charactersOf(text);
  const { folded, origins } = foldWithOrigins(characters);
  const needle = foldWithOrigins(charactersOf(term.trim())).folded;
  const matches = new Set<number>();
  if (needle !== '')
    for (let at = folded.indexOf(needle); at >= 0; at = folded.indexOf(needle, at + 1))
      for (const origin of origins.slice(at, at + needle.length)) matches.add(origin);
  const pieces: Piece[] = [];
  for (const [index, character] of characters.entries()) {
    const isMatch = matches.has(index);
    const last = pieces.at(-1);
    if (last?.isMatch === isMatch) last.text += character;
    else pieces.push({ text: character, isMatch });
  }
  return pieces;
}
