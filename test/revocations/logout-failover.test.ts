import { expect, test } from 'vitest';
import { acceptedOf, FAR_BEHIND_MS, logOut, startFailoverScene } from './failover.ts';

const LOGOUTS = 50;
/** How far the replica is behind. */
const LAG_MS = 30;

const OFF = { REVOCATION_JOURNAL_MAX: '0' };

/** Logs all of them out at once. Returns the statuses. */
const logOutAll = async (url: string, tokens: readonly string[]): Promise<Set<number>> =>
  new Set(await Promise.all(tokens.map(async (token) => (await logOut(url, token)).status)));

test('without the journal and the confirmation, sessions that were logged out are active again after a failover', async () => {
  await using scene = await open(OFF);
  const tokens = await scene.openSessions(LOGOUTS);
  await scene.lag(FAR_BEHIND_MS);
  expect(await logOutAll(scene.gateway.url, tokens)).toEqual(new Set([204]));
  await scene.failOver();
  expect(await acceptedOf(scene.gateway.url, tokens)).toBe(LOGOUTS);
});

test('with the journal alone, no session that was logged out is active after a failover to a replica that misses all of it', async () => {
  await using scene = await open();
  const tokens = await scene.openSessions(LOGOUTS);
  const [kept = ''] = await scene.openSessions(1, 'alice');
  await scene.lag(FAR_BEHIND_MS);
  expect(await logOutAll(scene.gateway.url, tokens)).toEqual(new Set([204]));
  await scene.failOver();
  expect(await acceptedOf(scene.gateway.url, tokens)).toBe(0);
  expect(await acceptedOf(scene.gateway.url, [kept])).toBe(1);
});

test('with the confirmation alone, no session is active after a failover to the slower of two replicas', async () => {
  await using scene = await open({ ...OFF, REVOCATION_REPLICAS: '2', REVOCATION_TIMEOUT_MS: '5000' }, 2);
  const tokens = await scene.openSessions(LOGOUTS);
  await scene.lag(0);
  scene.replicas[1]?.stream.delayReplies(LAG_MS);
  expect(await logOutAll(scene.gateway.url, tokens)).toEqual(new Set([204]));
  await scene.failOver(1);
  expect(await acceptedOf(scene.gateway.url, tokens)).toBe(0);
});

test('with the confirmation by one of two replicas, a failover to the other one loses the logout', async () => {
  await using scene = await open({ ...OFF, REVOCATION_REPLICAS: '1', REVOCATION_TIMEOUT_MS: '5000' }, 2);
  const tokens = await scene.openSessions(1);
  await scene.lag(0);
  scene.replicas[1]?.stream.delayReplies(FAR_BEHIND_MS);
  expect(await logOutAll(scene.gateway.url, tokens)).toEqual(new Set([204]));
  await scene.failOver(1);
  expect(await acceptedOf(scene.gateway.url, tokens)).toBe(1);
});

test('with the journal and the confirmation, no session is active after a failover right after the last response', async () => {
  await using scene = await open({ REVOCATION_REPLICAS: '1', REVOCATION_TIMEOUT_MS: '5000' });
  const tokens = await scene.openSessions(LOGOUTS);
  await scene.lag(LAG_MS);
  expect(await logOutAll(scene.gateway.url, tokens)).toEqual(new Set([204]));
  await scene.failOver();
  expect(await acceptedOf(scene.gateway.url, tokens)).toBe(0);
});

async function open(env: Record<string, string> = {}, replicas = 1) {
  const scene = await startFailoverScene(env, { replicas });
  return Object.assign(scene, { [Symbol.asyncDispose]: () => scene.close() });
}
