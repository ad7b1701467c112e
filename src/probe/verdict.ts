import type { Refused } from './attack.ts';
import type { RawAnswer } from './raw-answer.ts';
import { isAnswer, type NoAnswer } from './raw-request.ts';

/**
 * What became of an attack, from good to bad:
 * - `refused`: the right kind of status, and a problem (RFC 9457) with a code;
 * - `no answer`: the connection was closed or nothing came; nobody got in, and nobody was told why;
 * - `unclear`: an answer that neither lets in nor refuses properly, such as a fault or a page of a proxy's;
 * - `got in`: the answer to somebody whose credential was taken for good.
 */
export const VERDICTS = ['refused', 'no answer', 'unclear', 'got in'] as const;
export type Verdict = (typeof VERDICTS)[number];

export type Outcome = RawAnswer | NoAnswer;

/** Statuses that say "not with this credential" or "not this request", whatever the attack. */
const REFUSALS = [400, 401];

/** Statuses in the 400s and 500s that don't say that the credential was good. */
const NEITHER = new Set([...REFUSALS, 408, 413, 414, 417, 421, 429, 431, 500, 501, 503, 505]);

export function judge(outcome: Outcome, expected: Refused): Verdict {
  if (!isAnswer(outcome)) return 'no answer';
  const allowed = [...REFUSALS, ...(expected.alsoStatuses ?? [])].includes(outcome.status);
  if (!allowed) return NEITHER.has(outcome.status) ? 'unclear' : 'got in';
  return problemCode(outcome) === undefined ? 'unclear' : 'refused';
}

/** The worst verdict decides for an attack of several requests. One without any proves nothing. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  const ranks = verdicts.map((verdict) => VERDICTS.indexOf(verdict));
  return VERDICTS[Math.max(...ranks)] ?? 'unclear';
}

/** The code of a problem. It is printed, so anything that doesn't look like one is not taken for one. */
export function problemCode({ status, headers, body }: RawAnswer): string | undefined {
  if (!headers.get('content-type')?.startsWith('application/problem+json')) return undefined;
  try {
    const problem = Object(JSON.parse(body)) as { code?: unknown; status?: unknown };
    if (problem.status !== status || typeof problem.code !== 'string') return undefined;
    return /^[a-z][a-z_]{0,39}$/.exec(problem.code)?.[0];
  } catch {
    return undefined;
  }
}

/** An outcome in a few words, such as `401 token_invalid`. */
export const describe = (outcome: Outcome): string =>
  isAnswer(outcome) ? `${outcome.status} ${problemCode(outcome) ?? ''}`.trim() : outcome.unanswered;
