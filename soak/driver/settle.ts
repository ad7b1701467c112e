import { setTimeout as delay } from 'node:timers/promises';
import { send } from './http.ts';
import type { Pool } from './pool.ts';
import { logIn, type SoakContext, sendAuthorized, urlOf } from './soak-context.ts';

const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

/**
 * After the last fault: waits until both gateways are ready, sends a last request with every session that has ended to
 * both, and logs every customer in.
 * @returns what does not work, as sentences
 */
export async function settle(context: SoakContext): Promise<string[]> {
  for (const gateway of [0, 1])
    if (!(await isReady(urlOf(context, gateway, '/readyz'))))
      return [`gateway ${gateway} is not ready again`];
  const faults: string[] = [];
  for (const pool of context.pools.values()) {
    for (const session of pool.ended)
      for (const gateway of [0, 1])
        await sendAuthorized(context, {
          name: 'last-read',
          gateway,
          session,
          pool,
          call: { path: '/auth/session' },
        });
    const detail = await logInAtLast(context, pool);
    if (detail !== undefined) faults.push(`${pool.person.username} cannot log in at the end: ${detail}`);
  }
  return faults;
}

async function isReady(url: string): Promise<boolean> {
  const deadlineMs = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadlineMs) {
    if ((await send({ url })).outcome === 'ok') return true;
    await delay(POLL_MS);
  }
  return false;
}

/**
 * Logs in, again and again while the service is unavailable: a failover may begin after the last fault was repaired.
 * @returns why that was not possible
 */
async function logInAtLast(context: SoakContext, pool: Pool): Promise<string | undefined> {
  const endMs = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const { outcome, detail } = await logIn(context, pool, 0);
    if (outcome === 'ok') return undefined;
    if (outcome !== 'unknown' || performance.now() > endMs) return detail;
    await delay(POLL_MS);
  }
}
