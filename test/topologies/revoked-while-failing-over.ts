import { setTimeout as delay } from 'node:timers/promises';
import { bearer } from '../support/gateway.ts';

/** What became of tokens that were revoked around a failover. */
export interface RevocationOutcome {
  /** How many logouts were acknowledged. */
  revoked: number;
  /** The statuses of the requests that were sent after their token's logout had been acknowledged. */
  after: Map<number, number>;
}

/**
 * Logs out one token after another at one gateway, and uses each at the other gateway from the moment on at which the
 * logout is acknowledged. It ends when all are revoked.
 * @param isRevoked whether the new primary has carried the logout out; an old one that was still reached does not count
 */
export async function revokeAndUse(
  [used, revoking]: readonly [string, string],
  tokens: readonly string[],
  isRevoked: (token: string) => Promise<boolean>,
): Promise<RevocationOutcome> {
  const after = new Map<number, number>();
  const uses: Promise<void>[] = [];
  let revoked = 0;
  const use = async (token: string): Promise<void> => {
    for (let i = 0; i < 20; i += 1) {
      const response = await fetch(`${used}/auth/session`, { headers: bearer(token) });
      await response.arrayBuffer();
      after.set(response.status, (after.get(response.status) ?? 0) + 1);
      await delay(20);
    }
  };
  for (const token of tokens) {
    await logOutFinally(revoking, token);
    if (!(await isRevoked(token))) continue;
    revoked += 1;
    uses.push(use(token));
  }
  await Promise.all(uses);
  return { revoked, after };
}

/** Repeats the logout until it is acknowledged. @throws if it is rejected for another reason than an outage */
async function logOutFinally(url: string, token: string): Promise<void> {
  for (;;) {
    const { status } = await fetch(`${url}/auth/logout`, { method: 'POST', headers: bearer(token) });
    if (status === 204 || status === 401) return;
    if (status !== 503) throw new Error(`the logout failed with ${status}`);
    await delay(5);
  }
}
