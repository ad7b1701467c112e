import { readProblem, unreachable } from './api-error.ts';

interface Exchange {
  answer: Promise<number>;
  leaving: AbortController;
}
let underWay: Exchange | undefined;

/**
 * Exchanges the refresh token's cookie for new cookies, once for all who ask meanwhile. Answers how many seconds
 * the new access token lives.
 * @throws {NotDone}
 */
export function renewTokens(): Promise<number> {
  underWay ??= begin();
  return underWay.answer;
}

/** Gives up what is under way, so that it neither refuses the next session nor puts cookies in place of its own. */
export function dropRenewal(): void {
  underWay?.leaving.abort();
  underWay = undefined;
}

function begin(): Exchange {
  const leaving = new AbortController();
  const answer = exchange(leaving.signal).finally(() => {
    if (underWay === begun) underWay = undefined;
  });
  const begun = { answer, leaving };
  return begun;
}

async function exchange(signal: AbortSignal): Promise<number> {
  const asked = { method: 'POST', cache: 'no-store', redirect: 'error', signal } as const;
  const answer = await fetch('/auth/refresh', asked).catch(() => {
    throw unreachable();
  });
  if (!answer.ok) throw await readProblem(answer);
  return ((await answer.json()) as { expires_in: number }).expires_in;
}
