import { z } from 'zod';
import { foldUsername } from './fields.ts';

const LEAST_CHARACTERS = 8;
const MOST_CHARACTERS = 256;
/** What is read at all, before characters are counted. */
const MOST_CODE_UNITS = 1024;

/** Unicode code points of the form that is hashed (NIST SP 800-63B, section 5.1.1.2). */
const charactersOf = (password: string): number => [...password.normalize('NFKC')].length;

/** A password as a log-in sends it: any that can have been set. */
export const passwordSchema = z
  .string()
  .min(1)
  .max(MOST_CODE_UNITS)
  .refine((password) => charactersOf(password) <= MOST_CHARACTERS, {
    error: `wants at most ${MOST_CHARACTERS} characters`,
    when: ({ issues }) => issues.length === 0,
  });

/**
 * Why this can't be the new password of this user, or undefined (NIST SP 800-63B, section 5.1.1.2): its length,
 * the lists that attackers try first, the user's own name. No rule on its composition.
 */
export async function passwordFault(password: string, username: string): Promise<string | undefined> {
  const characters = charactersOf(password);
  if (characters < LEAST_CHARACTERS) return `wants at least ${LEAST_CHARACTERS} characters`;
  if (characters > MOST_CHARACTERS) return `wants at most ${MOST_CHARACTERS} characters`;
  const folded = foldUsername(password);
  if (folded === foldUsername(username)) return 'wants another text than the user name';
  const common = await commonPasswords();
  return common.has(folded) ? 'is one of the most common passwords' : undefined;
}

let loading: Promise<ReadonlySet<string>> | undefined;

/** 18,000 passwords that are long enough to be asked for; about 5 MB of memory, from the first question on. */
function commonPasswords(): Promise<ReadonlySet<string>> {
  loading ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) =>
      new Set(
        dictionary['passwords-common'].filter((password) => charactersOf(password) >= LEAST_CHARACTERS),
      ),
  );
  return loading;
}
