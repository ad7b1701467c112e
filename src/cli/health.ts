const DEADLINE_MS = 3000;

/** `portcullis health`: asks `/readyz`. @returns 0 when the answer is 200 in time, 1 otherwise */
export async function runHealth(url: string): Promise<number> {
  try {
    const answer = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(DEADLINE_MS) });
    process.stdout.write(`${answer.status}\n`);
    return answer.ok ? 0 : 1;
  } catch {
    process.stderr.write('portcullis: no answer\n');
    return 1;
  }
}
