import { z } from 'zod';

/** The canonical form of a username: NFKC, then lower case, so that variants of the same name are one user. */
export const foldUsername = (name: string): string => name.normalize('NFKC').toLowerCase();

/** A username that staff choose: letters and digits of any script, without white space or control characters. */
export const usernameSchema = z
  .string()
  .max(64, 'must be at most 64 characters long')
  .refine(
    (name) => /^[\p{L}\p{N}][\p{L}\p{N}\p{M}._@+-]{0,63}$/u.test(foldUsername(name)),
    'must contain only letters, digits and . _ @ + -, and start with a letter or digit',
  );

/**
 * A username for self-registration: ASCII only, so that nobody can register a name that looks like another user's
 * but has letters of another script (Unicode TR 39).
 */
export const registeredUsernameSchema = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9._-]{2,31}$/,
    'must be 3 to 32 characters long, contain only a–z, 0–9 and . _ -, and start with a letter',
  );

/** An email address (RFC 5321, section 4.5.3.1: at most 254 characters). */
export const emailSchema = z
  .email('must be an email address')
  .max(254, 'must be at most 254 characters long');

/** A name for display: one line of visible text. */
export const displayNameSchema = z
  .string()
  .regex(/^(?=.*\S)[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u, 'must be 1 to 128 characters of text on one line');
