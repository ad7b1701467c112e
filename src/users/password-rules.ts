import { z } from 'zod';
import { foldUsername } from './fields.ts';

const MIN_CHARACTERS = 8;
const MAX_CHARACTERS = 256;
/** Longer texts are rejected before their characters are counted. */
const MAX_CODE_UNITS = 1024;

const TOO_SHORT = `must be at least ${MIN_CHARACTERS} characters long`;
const TOO_LONG = `must be at most ${MAX_CHARACTERS} characters long`;

/** Unicode code points of the normalized form, which is what is hashed (NIST SP 800-63B, section 5.1.1.2). */
const charactersOf = (password: string): number => [...password.normalize('NFKC')].length;

/** A password in a login: any password that can have been set. */
export const passwordSchema = z
  .string()
  .min(1)
  .max(MAX_CODE_UNITS)
  .refine((password) => charactersOf(password) <= MAX_CHARACTERS, {
    error: TOO_LONG,
    when: ({ issues }) => issues.length === 0,
  });

/**
 * Why this cannot be the user's new password, or undefined (NIST SP 800-63B, section 5.1.1.2). It checks the length,
 * a list of common passwords, and the username. There are no composition rules.
 */
export async function passwordFault(password: string, username: string): Promise<string | undefined> {
  const characters = charactersOf(password);
  if (characters < MIN_CHARACTERS) return TOO_SHORT;
  if (characters > MAX_CHARACTERS) return TOO_LONG;
  const folded = foldUsername(password);
  if (folded === foldUsername(username)) return 'must be different from the username';
  const common = await commonPasswords();
  return common.has(folded) ? 'must not be one of the most common passwords' : undefined;
}

let loading: Promise<ReadonlySet<string>> | undefined;

/** About 18,000 passwords of sufficient length. Loaded on first use; takes about 5 MB of memory. */
function commonPasswords(): Promise<ReadonlySet<string>> {
  loading ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) =>
      new Set(dictionary['passwords-common'].filter((password) => charactersOf(password) >= MIN_CHARACTERS)),
  );
  return loading;
}
