import type { FieldError } from '../../../refusal.ts';

/** The addresses and CIDR ranges in a text with one per line. */
export const parseRanges = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

const RANGE_FIELD = /^ranges\.(\d+)$/;

/** The server's validation messages, each with the range that it is about. */
export function rangesError(errors: readonly FieldError[], ranges: readonly string[]): string {
  const messages = errors.map(({ field, message }) => {
    const range = ranges[Number(RANGE_FIELD.exec(field)?.[1] ?? Number.NaN)];
    return range === undefined ? message : `“${range}” ${message}`;
  });
  return messages.join('; ');
}

/** `similar`: usernames that start with what was typed. */
type UserMatch<Match> = { found: Match } | { similar: string[] };

/** Finds the user with exactly this username, in any case. */
export function matchUser<Match extends { username: string }>(
  typed: string,
  users: readonly Match[],
): UserMatch<Match> {
  const folded = fold(typed);
  const found = users.find(({ username }) => fold(username) === folded);
  return found === undefined ? { similar: users.map(({ username }) => username) } : { found };
}

/** As the server folds usernames. */
const fold = (name: string): string => name.normalize('NFKC').toLowerCase();

export function noMatchText(typed: string, similar: readonly string[]): string {
  const noUser = `There is no user “${typed}”.`;
  return similar.length === 0 ? noUser : `${noUser} Did you mean ${similar.join(', ')}?`;
}
