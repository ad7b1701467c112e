import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeProtectedHeader } from 'jose';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { handOver, retireKey, rotateRing } from '../../src/keys/rotation.ts';
import type { RingRecord } from '../../src/keys/schedule.ts';
import { readRing } from '../../src/keys/store.ts';
import { announceRing } from '../../src/keys/sync.ts';
import { ringAcknowledgedKey, ringChannel } from '../../src/redis/keys.ts';
import { Refusal } from '../../src/refusal.ts';
import { bearer, postJson, problemOf, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { expectRefusal } from '../support/refusal.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

let directory: string;
let bank: Upstream;
let gateway: TestGateway;
let log: string[];
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'portcullis-ring-')), 'keys');
  bank = await startUpstream();
  log = [];
  const settings = { SIGNING_KEY: '', KEYS_DIR: directory, BANK_URL: bank.url, SIGNATURE_MEMO_SIZE: '100' };
  gateway = await startTestGateway(settings, pino({ level: 'info' }, { write: (line) => log.push(line) }));
});
afterEach(async () => {
  await gateway.close();
  await bank.close();
  await rm(join(directory, '..'), { recursive: true });
});

const statusOf = async (token: string): Promise<number> => {
  const answer = await fetch(`${gateway.url}/bank/accounts`, { headers: bearer(token) });
  await answer.body?.cancel();
  return answer.status;
};
const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? '';
const publishedKids = async (): Promise<string[]> => {
  const answer = await fetch(`${gateway.url}/.well-known/jwks.json`);
  return ((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
};
const ringNow = async (): Promise<RingRecord> => {
  const record = await readRing(directory);
  if (record === undefined) throw new Error('no ring');
  return record;
};
const tellGateway = async (record: RingRecord): Promise<void> =>
  expect(await announceRing(gateway.link, record, 3000)).toEqual({ listening: 1, acknowledged: 1 });

async function rotate(leadMs: number): Promise<string> {
  const changed = await rotateRing(directory, { leadMs, tokensLiveSeconds: 600 }, Date.now());
  if (changed instanceof Refusal) throw new Error(changed.reason);
  await tellGateway(changed.record);
  return changed.kid;
}

test('a new key is published before it signs; the old one verifies until its last token has expired, and is then published no more', async () => {
  const before = await gateway.login();
  const old = kidOf(before);
  const added = await rotate(120_000);
  expect(await publishedKids()).toEqual([old, added]);
  expect(kidOf(await gateway.login())).toBe(old);

  gateway.advanceClock(120_000);
  const after = await gateway.login();
  expect(kidOf(after)).toBe(added);
  expect([await statusOf(before), await statusOf(after)]).toEqual([200, 200]);
  expect((await publishedKids()).sort()).toEqual([added, old].sort());

  gateway.advanceClock(610_001);
  expect(await publishedKids()).toEqual([added]);
  expect(kidOf(await gateway.login())).toBe(added);
});

test('a retired key takes its tokens with it on the next request, remembered signatures included; Redis and the bank are not asked', async () => {
  const token = await gateway.login();
  expect([await statusOf(token), await statusOf(token)]).toEqual([200, 200]);
  await tellGateway((await handOver(directory, 600, Date.now() - 500)).record);
  const other = await gateway.login();
  const changed = await retireKey(directory, kidOf(token), Date.now());
  await tellGateway(changed instanceof Refusal ? await ringNow() : changed.record);

  await expectRefusal(
    { gateway, bank },
    async () => problemOf(await fetch(`${gateway.url}/bank/accounts`, { headers: bearer(token) })),
    { status: 401, code: 'token_invalid' },
  );
  expect(await statusOf(other)).toBe(200);
  expect(await publishedKids()).toEqual([kidOf(other)]);
});

test("a user whose token's key was retired gets another token with the refresh token: nobody has to log in again", async () => {
  const body = { username: 'bob', password: 'foobared' };
  const pair = (await (await postJson(`${gateway.url}/auth/login`, body)).json()) as Record<string, string>;
  const kid = kidOf(pair.access_token ?? '');
  await handOver(directory, 600, Date.now() - 500);
  await retireKey(directory, kid, Date.now());
  await tellGateway(await ringNow());
  expect(await statusOf(pair.access_token ?? '')).toBe(401);
  const answer = await postJson(`${gateway.url}/auth/refresh`, { refresh_token: pair.refresh_token });
  const next = (await answer.json()) as { access_token: string };
  expect(await statusOf(next.access_token)).toBe(200);
});

test('a stream that is open on a token of a retired key ends', async () => {
  const token = await gateway.login();
  bank.answerWith((_incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
    outgoing.write(': here\n\n');
  });
  const stream = await fetch(`${gateway.url}/bank/accounts/a/stream`, { headers: bearer(token) });
  await handOver(directory, 600, Date.now() - 500);
  await retireKey(directory, kidOf(token), Date.now());
  await tellGateway(await ringNow());
  expect(await stream.text()).toBe(': here\n\n');
  expect(log.some((line) => line.includes('key_retired'))).toBe(true);
});

test('a change is known within about a second when Redis tells nobody, and at once when Redis is back', async () => {
  const token = await gateway.login();
  gateway.redis.freeze();
  try {
    await handOver(directory, 600, Date.now() - 500);
    await retireKey(directory, kidOf(token), Date.now());
    await until(async () => !(await publishedKids()).includes(kidOf(token)), 2500);
    expect(await statusOf(token)).toBe(401);
  } finally {
    gateway.redis.thaw();
  }
  await until(async () => (await fetch(`${gateway.url}/readyz`)).ok);
  await until(async () => (await announceRing(gateway.link, await ringNow(), 500)).acknowledged === 1);
});

test('what is written into Redis changes no key, whatever it says', async () => {
  const token = await gateway.login();
  const { id, version } = await ringNow();
  const before = await publishedKids();
  const stranger = JSON.stringify(gateway.ring.jwks);
  const news = [
    '',
    stranger,
    `${id} ${version + 1}`,
    `${id} -1`,
    `${'x'.repeat(22)} 1`,
    `${id} ${'9'.repeat(400)}`,
  ];
  for (const message of news) await gateway.link.run((client) => client.publish(ringChannel(), message));
  await gateway.link.run((client) => client.sAdd(ringAcknowledgedKey(id, version), stranger));
  await tellGateway(await ringNow());
  expect(await publishedKids()).toEqual(before);
  expect(await statusOf(token)).toBe(200);
  expect(await gateway.link.run((client) => client.exists(ringAcknowledgedKey(id, version + 1)))).toBe(0);
});

test('a ring that can not be read changes nothing and is told in the log; once it can, it counts', async () => {
  const token = await gateway.login();
  const path = join(directory, 'ring.json');
  const good = await readFile(path, 'utf8');
  await writeFile(`${path}.broken`, '{"version":');
  await rename(`${path}.broken`, path);
  await until(() => log.some((line) => line.includes('key_ring_unreadable')));
  expect(await statusOf(token)).toBe(200);
  await writeFile(`${path}.good`, good);
  await rename(`${path}.good`, path);
  await rotate(60_000);
  expect(await publishedKids()).toHaveLength(2);
  expect(log.join('')).not.toContain('PRIVATE KEY');
});
