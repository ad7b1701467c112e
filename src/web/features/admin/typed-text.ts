import type { FieldError } from '../../../problem-schema.ts';

/** The addresses and CIDR ranges of a text with one on each line. */
export const rangesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

const PLACE = /^ranges\.(\d+)$/;

/** What the server found wrong with them, naming each. */
export function rangesFault(errors: readonly FieldError[], ranges: readonly string[]): string {
  const faults = errors.map(({ field, message }) => {
    const range = ranges[Number(PLACE.exec(field)?.[1] ?? Number.NaN)];
    return range === undefined ? message : `“${range}” ${message}`;
  });
  return faults.join('; ');
}

/** Who has been found for a name that was typed. */
export type UserMatch<User> = { found: User } | { near: string[] };

/** The user with this name in any case, or the names that begin with it. */
export function matchOf<User extends { username: string }>(
  typed: string,
  users: readonly User[],
): UserMatch<User> {
  const wanted = fold(typed);
  const found = users.find(({ username }) => fold(username) === wanted);
  return found === undefined ? { near: users.map(({ username }) => username) } : { found };
}

/** As the server folds log-in names. */
const fold = (name: string): string => name.normalize('NFKC').toLowerCase();

/** What is said when nobody has the name. */
export function nobodyText(typed: string, near: readonly string[]): string {
  const nobody = `There is no user “${typed}”.`;
  return near.length === 0 ? nobody : `${nobody} Names that begin like it: ${near.join(', ')}.`;
}
