import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary as common } from '@zxcvbn-ts/language-common';
import { dictionary as english } from '@zxcvbn-ts/language-en';
import { lowerOwnPriority } from './hashes/thread-priority.ts';

/** zxcvbn takes up to a tenth of a second for this many characters, and more than a second for 128. */
const MAX_LENGTH = 64;
const MAX_SUBSTITUTIONS = 5;

const zxcvbn = new ZxcvbnFactory({
  dictionary: { ...common, ...english },
  graphs: adjacencyGraphs,
  maxLength: MAX_LENGTH,
  l33tMaxSubstitutions: MAX_SUBSTITUTIONS,
});

lowerOwnPriority();

/** A password, and words that an attacker would try first. */
export interface StrengthJob {
  password: string;
  words: string[];
}

/**
 * The zxcvbn score of a password: 0 (guessed at once) to 4 (more than 10^10 guesses). Of a long password, the stronger
 * of its beginning and its end counts. Runs in a thread of its own.
 */
export default function scoreOf({ password, words }: StrengthJob): number {
  const parts = new Set([password.slice(0, MAX_LENGTH), password.slice(-MAX_LENGTH)]);
  return Math.max(...[...parts].map((part) => zxcvbn.check(part, words).score));
}
