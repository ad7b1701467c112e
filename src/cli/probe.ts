import { runBattery } from '../probe/battery.ts';
import { logoutBound } from '../probe/dpop/bound-session.ts';
import { logout, ProbeFailed } from '../probe/gateway-api.ts';
import { prepareAttacks } from '../probe/prepare.ts';
import { formatReport, isSafe } from '../probe/report.ts';
import { readPassword } from './password-input.ts';

/**
 * `portcullis probe`: attacks a running gateway and prints the result of each attack.
 * @returns 0 if every attack was rejected, 1 if any was not or if the result is not conclusive
 */
export async function runProbe(url: string, username: string): Promise<number> {
  const origin = parseOrigin(url);
  if (origin === undefined) return fail('<url> must be an http:// or https:// origin without a path');
  const password = await readPassword(`Password for ${username}: `);
  try {
    const context = await prepareAttacks({ origin }, { username, password });
    process.stdout.write(`Attacking ${context.path} at ${origin.origin}\n\n`);
    const result = await runBattery({ origin }, context);
    process.stdout.write(`${formatReport(result)}\n`);
    await logout({ origin }, context.live.text);
    if (context.bound !== undefined) await logoutBound({ origin }, context.bound);
    return isSafe(result) ? 0 : 1;
  } catch (fault) {
    if (fault instanceof ProbeFailed) return fail(fault.message);
    throw fault;
  }
}

/** The URL, if it is only an origin. Credentials in a URL would be printed and logged. */
function parseOrigin(url: string): URL | undefined {
  const origin = URL.parse(url);
  if (origin === null || !/^https?:$/.test(origin.protocol)) return undefined;
  return origin.href === `${origin.origin}/` ? origin : undefined;
}

function fail(message: string): number {
  process.stderr.write(`portcullis: ${message}\n`);
  return 1;
}
