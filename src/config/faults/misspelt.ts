/** An environment variable that is probably meant to be a setting. */
export interface MisspeltSetting {
  name: string;
  /** The setting that is probably meant. */
  meant: string;
}

const MAX_EDITS = 2;
/** Two edits in a shorter word make another word: `BASE_URL` is not a misspelt `BANK_URL`. */
const LONG_WORD_CHARACTERS = 6;

/** The variables that are no settings and differ from one in at most two edits, each with the nearest setting. */
export function findMisspelt(given: readonly string[], settings: readonly string[]): MisspeltSetting[] {
  const known = [...settings, ...settings.map((name) => `${name}_FILE`)];
  const unknown = given.filter((name) => !known.includes(name));
  return unknown.flatMap((name) => {
    const [nearest] = known
      .map((meant) => ({ name, meant, edits: editsBetween(name, meant) }))
      .filter(({ meant, edits }) => edits <= MAX_EDITS && !isOtherWord(name, meant))
      .sort((a, b) => a.edits - b.edits);
    return nearest === undefined ? [] : [{ name, meant: nearest.meant }];
  });
}

/** Whether two names differ in one short word so much that it is another word. */
function isOtherWord(name: string, meant: string): boolean {
  const [words, meantWords] = [name.split('_'), meant.split('_')];
  if (words.length !== meantWords.length) return false;
  return meantWords.some(
    (word, index) =>
      word.length < LONG_WORD_CHARACTERS && editsBetween(words[index] ?? '', word) >= MAX_EDITS,
  );
}

/**
 * The optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbors. Names whose
 * lengths differ by more than `MAX_EDITS` are not compared.
 */
function editsBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MAX_EDITS) return Number.POSITIVE_INFINITY;
  const rows: number[][] = [];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 0; i <= a.length; i += 1) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j += 1) {
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const substituted = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = at(i - 2, j - 2) + (isSwap ? 1 : 2);
      rows[i]?.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, substituted, swapped));
    }
  }
  return at(a.length, b.length);
}
