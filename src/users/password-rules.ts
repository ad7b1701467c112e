import { Piscina } from 'piscina';
import { z } from 'zod';
import type { StrengthJob } from './password-strength-worker.ts';
import { PasswordQueueFull } from './passwords.ts';

const MAX_CHARACTERS = 256;
/** Longer texts are rejected before their characters are counted. */
const MAX_CODE_UNITS = 1024;
/** The thread, whose dictionaries take about 30 MB of memory, exits when it has been idle for this long. */
const IDLE_MS = 60_000;
/** Shorter words are not looked for: they are part of too many others. */
const MIN_WORD_CHARACTERS = 3;
/** Bounds the work for a display name of many words. */
const MAX_WORDS = 50;

const TOO_LONG = `must be at most ${MAX_CHARACTERS} characters long`;
const TOO_WEAK =
  'must be harder to guess: use several unrelated words, and no common passwords, names of yours or names of this service';

/** Unicode code points of the normalized form, which is what is hashed (NIST SP 800-63B-4, section 3.1.1.2). */
const charactersOf = (password: string): number => [...password.normalize('NFKC')].length;

/** The current password of a user. Unlike a new one, it need not be hard to guess: it may be older than the rules. */
export const passwordSchema = z
  .string()
  .min(1)
  .max(MAX_CODE_UNITS)
  .refine((password) => charactersOf(password) <= MAX_CHARACTERS, {
    error: TOO_LONG,
    when: ({ issues }) => issues.length === 0,
  });

/** Whose password it will be. */
export interface PasswordOwner {
  username: string;
  displayName?: string | undefined;
  email?: string | undefined;
}

interface PasswordRulesOptions {
  minCharacters: number;
  /** The lowest accepted score of zxcvbn, from 0 to 4. */
  minScore: number;
  issuer: string;
  /** The most passwords that wait to be scored. */
  queueMax: number;
}

/**
 * The rules for new passwords (NIST SP 800-63B-4, section 3.1.1.2): a minimum length, and a minimum number of guesses that
 * an attacker needs who knows common passwords, the words of English, the service and the user. There are no composition
 * rules. Existing passwords stay valid.
 *
 * zxcvbn can take a tenth of a second, so it runs in a thread, which starts with the first new password.
 */
export class PasswordRules {
  readonly #options: PasswordRulesOptions;
  readonly #serviceWords: readonly string[];
  readonly #pool: Piscina<StrengthJob, number>;

  constructor(options: PasswordRulesOptions) {
    this.#options = options;
    const { hostname } = new URL(options.issuer);
    this.#serviceWords = ['portcullis', hostname, ...hostname.split('.').slice(0, -1)];
    this.#pool = new Piscina({
      filename: new URL('./password-strength-worker.ts', import.meta.url).href,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: IDLE_MS,
      maxQueue: options.queueMax,
      atomics: 'disabled',
    });
    // Reports a thread that failed without a job. The pool replaces it; without a listener the process would exit.
    this.#pool.on('error', () => {});
  }

  /** The minimum length in characters. */
  get minCharacters(): number {
    return this.#options.minCharacters;
  }

  /** Why this cannot be the owner's new password, or undefined. @throws {PasswordQueueFull} */
  async faultOf(password: string, owner: PasswordOwner): Promise<string | undefined> {
    const { minCharacters, minScore } = this.#options;
    const characters = charactersOf(password);
    if (characters < minCharacters) return `must be at least ${minCharacters} characters long`;
    if (characters > MAX_CHARACTERS) return TOO_LONG;
    const words = [...this.#serviceWords, ...wordsOf(owner)].filter(isLongEnough).slice(0, MAX_WORDS);
    const score = await this.#score({ password: withoutWords(password.normalize('NFKC'), words), words });
    return score < minScore ? TOO_WEAK : undefined;
  }

  /** Rejects all pending checks and stops the thread. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #score(job: StrengthJob): Promise<number> {
    if (this.#pool.queueSize >= this.#options.queueMax)
      throw new PasswordQueueFull('too many new passwords are waiting to be checked');
    return this.#pool.run(job);
  }
}

/** What is left of a password without these words, in any case: zxcvbn rates several of them in a row as hard to guess. */
function withoutWords(password: string, words: readonly string[]): string {
  const longestFirst = words.toSorted((a, b) => b.length - a.length).map((word) => RegExp.escape(word));
  return password.replace(new RegExp(longestFirst.join('|'), 'giu'), '');
}

const isLongEnough = (word: string): boolean => word.length >= MIN_WORD_CHARACTERS;

/** The names of a user, whole and in parts. */
function wordsOf({ username, displayName = '', email = '' }: PasswordOwner): string[] {
  const names = [username, displayName, email.split('@')[0] ?? ''].map((name) =>
    name.normalize('NFKC').toLowerCase(),
  );
  return [...names, ...names.flatMap((name) => name.split(/[^\p{L}\p{M}]+/u))];
}
