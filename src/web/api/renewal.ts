import { readProblem, unreachable } from './problem.ts';

let underWay: Promise<number> | undefined;

/**
 * Exchanges the refresh token's cookie for new cookies, once for all who ask meanwhile. Answers how many seconds
 * the new access token lives.
 * @throws {NotDone}
 */
export function renewTokens(): Promise<number> {
  underWay ??= exchange().finally(() => {
    underWay = undefined;
  });
  return underWay;
}

async function exchange(): Promise<number> {
  const answer = await fetch('/auth/refresh', { method: 'POST', cache: 'no-store', redirect: 'error' }).catch(
    () => {
      throw unreachable();
    },
  );
  if (!answer.ok) throw await readProblem(answer);
  return ((await answer.json()) as { expires_in: number }).expires_in;
}
