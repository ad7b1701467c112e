import { readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { test as base, expect } from 'vitest';
import { startAnotherGateway } from '../support/sessions.ts';
import {
  acceptedOf,
  type FailoverScene,
  logOut,
  startFailoverScene,
  whenReady,
  withRedis,
} from './failover.ts';

const LOGOUTS = 30;

const KEEPING = { settings: { revocationJournalMax: 1000 } };

/** A gateway that keeps no journal, over one Redis with an append-only file that is synced every second. */
const test = base.extend('scene', async ({}, { onCleanup }): Promise<FailoverScene> => {
  const scene = await startFailoverScene({ REVOCATION_JOURNAL_MAX: '0' }, { persist: true });
  onCleanup(() => scene.close());
  return scene;
});

test('with a process alive, no session that was logged out is active after a power cut that Redis lost it by', async ({
  scene,
}) => {
  const other = await startAnotherGateway(scene.gateway, KEEPING);
  const tokens = await loseLogouts(scene, other);
  await scene.replicas[0]?.redis.restart();
  await whenReady(other.url);
  expect(await acceptedOf(other.url, tokens)).toBe(0);
  await other.close();
});

test('after a power cut of Redis and all processes at once, what was not synced to disk is lost', async ({
  scene,
}) => {
  const other = await startAnotherGateway(scene.gateway, KEEPING);
  const tokens = await loseLogouts(scene, other);
  await other.close();
  await scene.replicas[0]?.redis.restart();
  await whenReady(scene.gateway.url);
  expect(await acceptedOf(scene.gateway.url, tokens)).toBe(LOGOUTS);
});

/** Logs sessions out, kills Redis and cuts off its file what it has written since. */
async function loseLogouts(scene: FailoverScene, { url }: { url: string }): Promise<string[]> {
  const { replicas } = scene;
  const tokens = await scene.openSessions(LOGOUTS);
  await scene.lag(0);
  await scene.failOver();
  await whenReady(url);
  const [{ redis }] = replicas as [FailoverScene['replicas'][0]];
  const file = await appendOnlyFile(scene);
  const { size } = await stat(file);
  const responses = await Promise.all(tokens.map((token) => logOut(url, token)));
  expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([204]));
  await redis.kill();
  expect((await stat(file)).size).toBeGreaterThan(size);
  await truncate(file, size);
  return tokens;
}

/** The newest part of the file. */
async function appendOnlyFile({ replicas: [replica] }: FailoverScene): Promise<string> {
  const { dir = '' } = await withRedis(replica?.redis ?? { tcpUrl: undefined }, (client) =>
    client.configGet('dir'),
  );
  const folder = join(dir, 'appendonlydir');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.incr.aof')).sort();
  return join(folder, names.at(-1) ?? '');
}
