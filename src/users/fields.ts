import { z } from 'zod';

/** The one form of a log-in name: NFKC, then lower case, so that look-alike spellings are one user. */
export const foldUsername = (name: string): string => name.normalize('NFKC').toLowerCase();

/** A name that staff give: letters and digits of any script, so no white space and no control characters. */
export const usernameSchema = z
  .string()
  .max(64, 'wants at most 64 characters')
  .refine(
    (name) => /^[\p{L}\p{N}][\p{L}\p{N}\p{M}._@+-]{0,63}$/u.test(foldUsername(name)),
    'wants letters, digits and . _ @ + -, and a letter or digit first',
  );

/**
 * A name that somebody gives themself: of ASCII only, so that nobody can register a name that looks like another's
 * with letters of another script (Unicode TR 39).
 */
export const registeredUsernameSchema = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9._-]{2,31}$/, 'wants 3 to 32 of a–z, 0–9 and . _ -, and a letter first');

/** An e-mail address (RFC 5321, section 4.5.3.1: at most 254 characters). */
export const emailSchema = z.email('wants an e-mail address').max(254, 'wants at most 254 characters');

/** A name as people read it: one line of visible text. */
export const displayNameSchema = z
  .string()
  .regex(/^(?=.*\S)[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u, 'wants 1 to 128 characters of text on one line');
