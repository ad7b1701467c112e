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
