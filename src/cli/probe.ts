import { runBattery } from '../probe/battery.ts';
import { logOut, ProbeFailed } from '../probe/log-in.ts';
import { gatherMaterial } from '../probe/material.ts';
import { formatReport, isSafe } from '../probe/report.ts';
import { readPassword } from './password-input.ts';

/**
 * `portcullis probe`: attacks a running gateway and prints what became of each attack.
 * @returns 0 when everything was refused, 1 when anything got in or nothing could be proved
 */
export async function runProbe(url: string, username: string): Promise<number> {
  const origin = originOf(url);
  if (origin === undefined) return fail('wants an http:// or https:// address without a path');
  const password = await readPassword(`Password for ${username}: `);
  try {
    const material = await gatherMaterial({ origin }, { username, password });
    process.stdout.write(`attacking ${material.path} at ${origin.origin}\n\n`);
    const result = await runBattery({ origin }, material);
    process.stdout.write(`${formatReport(result)}\n`);
    await logOut({ origin }, material.live.text);
    return isSafe(result) ? 0 : 1;
  } catch (fault) {
    if (fault instanceof ProbeFailed) return fail(fault.message);
    throw fault;
  }
}

/** The address, if it is an origin and nothing more: a user name or password in it would be shown to others. */
function originOf(url: string): URL | undefined {
  const origin = URL.parse(url);
  if (origin === null || !/^https?:$/.test(origin.protocol)) return undefined;
  return origin.href === `${origin.origin}/` ? origin : undefined;
}

function fail(message: string): number {
  process.stderr.write(`portcullis: ${message}\n`);
  return 1;
}
