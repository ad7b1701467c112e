import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeProtectedHeader } from 'jose';
import { pino } from 'pino';
import { test as base, expect } from 'vitest';
import { ensureRing } from '../../src/keys/open.ts';
import { handOver, retireKey, rotateRing } from '../../src/keys/rotation.ts';
import type { RingRecord } from '../../src/keys/schedule.ts';
import { readKeys, readRing } from '../../src/keys/store.ts';
import { announceRing } from '../../src/keys/sync.ts';
import { ringAcknowledgedKey, ringChannel } from '../../src/redis/keys.ts';
import { Refusal } from '../../src/refusal.ts';
import { bearer, postJson, problemOf, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { expectRefusal } from '../support/refusal.ts';
import { until } from '../support/until.ts';
import { startUpstream } from '../support/upstream.ts';

/** A gateway with a key ring in a directory of its own, for one test. */
const test = base
  .extend('directory', async ({}, { onCleanup }): Promise<string> => {
    const parent = await mkdtemp(join(tmpdir(), 'portcullis-ring-'));
    onCleanup(() => rm(parent, { recursive: true }));
    return join(parent, 'keys');
  })
  .extend('upstream', async ({}, { onCleanup }) => {
    const upstream = await startUpstream();
    onCleanup(() => upstream.close());
    return upstream;
  })
  .extend('log', (): string[] => [])
  .extend('gateway', async ({ directory, upstream, log }, { onCleanup }): Promise<TestGateway> => {
    const environment = {
      SIGNING_KEY: '',
      KEYS_DIR: directory,
      BANK_URL: upstream.url,
      SIGNATURE_MEMO_MAX_BYTES: '4096',
    };
    const gateway = await startTestGateway(
      environment,
      pino({ level: 'info' }, { write: (line) => log.push(line) }),
    );
    onCleanup(() => gateway.close());
    return gateway;
  });

const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? '';

async function statusOf(gateway: TestGateway, token: string): Promise<number> {
  const response = await fetch(`${gateway.url}/bank/accounts`, { headers: bearer(token) });
  await response.body?.cancel();
  return response.status;
}

/** The published keys for access tokens or for assertions. */
async function publishedKids(gateway: TestGateway, alg: 'PS256' | 'ES256' = 'PS256'): Promise<string[]> {
  const response = await fetch(`${gateway.url}/.well-known/jwks.json`);
  const { keys } = (await response.json()) as { keys: { kid: string; alg: string }[] };
  return keys.filter((key) => key.alg === alg).map(({ kid }) => kid);
}

async function currentRing(directory: string): Promise<RingRecord> {
  const record = await readRing(directory);
  if (record === undefined) throw new Error('no ring');
  return record;
}

/** Announces the current ring, and waits until the gateway has read it. */
async function announce(gateway: TestGateway, directory: string): Promise<void> {
  const rollout = await announceRing(gateway.link, await currentRing(directory), 3000);
  expect(rollout).toEqual({ listening: 1, acknowledged: 1 });
}

async function rotate(gateway: TestGateway, directory: string, leadMs: number): Promise<string> {
  const changed = await rotateRing(directory, { leadMs, tokensLiveSeconds: 600 }, Date.now());
  if (changed instanceof Refusal) throw new Error(changed.reason);
  await announce(gateway, directory);
  return changed.kid;
}

/** Lets another key sign and retires the key of a token, without an announcement. */
async function retireKeyOf(token: string, directory: string): Promise<void> {
  await handOver(directory, 600, Date.now() - 500);
  expect(await retireKey(directory, kidOf(token), Date.now())).not.toBeInstanceOf(Refusal);
}

test('a new key is published before it signs, and the old key verifies until its last token has expired', async ({
  gateway,
  directory,
}) => {
  const before = await gateway.login();
  const old = kidOf(before);
  const added = await rotate(gateway, directory, 120_000);
  expect(await publishedKids(gateway)).toEqual([old, added]);
  expect(kidOf(await gateway.login())).toBe(old);

  gateway.advanceClock(120_000);
  const after = await gateway.login();
  expect(kidOf(after)).toBe(added);
  expect([await statusOf(gateway, before), await statusOf(gateway, after)]).toEqual([200, 200]);
  expect((await publishedKids(gateway)).sort()).toEqual([added, old].sort());

  gateway.advanceClock(610_001);
  expect(await publishedKids(gateway)).toEqual([added]);
  expect(kidOf(await gateway.login())).toBe(added);
});

test('the next request with a token of a retired key is refused, cached or not, without asking Redis or the upstream', async ({
  gateway,
  upstream,
  directory,
}) => {
  const token = await gateway.login();
  expect([await statusOf(gateway, token), await statusOf(gateway, token)]).toEqual([200, 200]);
  await handOver(directory, 600, Date.now() - 500);
  await announce(gateway, directory);
  const other = await gateway.login();
  await retireKey(directory, kidOf(token), Date.now());
  await announce(gateway, directory);

  await expectRefusal(
    { gateway, upstream },
    async () => problemOf(await fetch(`${gateway.url}/bank/accounts`, { headers: bearer(token) })),
    { status: 401, code: 'token_invalid' },
  );
  expect(await statusOf(gateway, other)).toBe(200);
  expect(await publishedKids(gateway)).toEqual([kidOf(other)]);
});

test('after a key is retired, a refresh token still gets a new access token without a login', async ({
  gateway,
  directory,
}) => {
  const body = { username: 'bob', password: 'foobared' };
  const pair = (await (await postJson(`${gateway.url}/auth/login`, body)).json()) as Record<string, string>;
  const token = pair.access_token ?? '';
  await retireKeyOf(token, directory);
  await announce(gateway, directory);
  expect(await statusOf(gateway, token)).toBe(401);
  const response = await postJson(`${gateway.url}/auth/refresh`, { refresh_token: pair.refresh_token });
  const next = (await response.json()) as { access_token: string };
  expect(await statusOf(gateway, next.access_token)).toBe(200);
});

test('a live response ends when the key of its token is retired', async ({
  gateway,
  upstream,
  directory,
  log,
}) => {
  const token = await gateway.login();
  upstream.respondWith((_incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
    outgoing.write(': here\n\n');
  });
  const stream = await fetch(`${gateway.url}/bank/accounts/a/stream`, { headers: bearer(token) });
  await retireKeyOf(token, directory);
  await announce(gateway, directory);
  expect(await stream.text()).toBe(': here\n\n');
  expect(log.some((line) => line.includes('key_retired'))).toBe(true);
});

test('a change is noticed within about a second without Redis, and acknowledged once Redis is back', async ({
  gateway,
  directory,
}) => {
  const token = await gateway.login();
  gateway.redis.freeze();
  try {
    await retireKeyOf(token, directory);
    await until(async () => !(await publishedKids(gateway)).includes(kidOf(token)), 2500);
    expect(await statusOf(gateway, token)).toBe(401);
  } finally {
    gateway.redis.thaw();
  }
  await until(async () => (await fetch(`${gateway.url}/readyz`)).ok);
  const announceOnce = async () => announceRing(gateway.link, await currentRing(directory), 500);
  await until(async () => (await announceOnce()).acknowledged === 1);
});

test('no data in Redis can change a key', async ({ gateway, directory }) => {
  const token = await gateway.login();
  const { id, version } = await currentRing(directory);
  const before = await publishedKids(gateway);
  const keySet = JSON.stringify(gateway.ring.jwks);
  const messages = [
    '',
    keySet,
    `${id} ${version + 1}`,
    `${id} -1`,
    `${'x'.repeat(22)} 1`,
    `${id} ${'9'.repeat(400)}`,
  ];
  for (const message of messages) await gateway.link.run((client) => client.publish(ringChannel(), message));
  await gateway.link.run((client) => client.sAdd(ringAcknowledgedKey(id, version), keySet));
  await announce(gateway, directory);
  expect(await publishedKids(gateway)).toEqual(before);
  expect(await statusOf(gateway, token)).toBe(200);
  expect(await gateway.link.run((client) => client.exists(ringAcknowledgedKey(id, version + 1)))).toBe(0);
});

test('an unreadable ring is logged and changes nothing, and it is used as soon as it is readable', async ({
  gateway,
  directory,
  log,
}) => {
  const token = await gateway.login();
  const path = join(directory, 'ring.json');
  const good = await readFile(path, 'utf8');
  await writeFile(`${path}.broken`, '{"version":');
  await rename(`${path}.broken`, path);
  await until(() => log.some((line) => line.includes('key_ring_unreadable')));
  expect(await statusOf(gateway, token)).toBe(200);
  await writeFile(`${path}.good`, good);
  await rename(`${path}.good`, path);
  await rotate(gateway, directory, 60_000);
  expect(await publishedKids(gateway)).toHaveLength(2);
  expect(log.join('')).not.toContain('PRIVATE KEY');
});

test('the key of assertions is published, used and retired together with the key of access tokens', async ({
  gateway,
  upstream,
  directory,
}) => {
  let authorization = '';
  upstream.respondWith((incoming, outgoing) => {
    authorization = incoming.headers.authorization ?? '';
    outgoing.end();
  });
  const assertionKid = async (): Promise<string> => {
    expect(await statusOf(gateway, await gateway.login())).toBe(200);
    return kidOf(authorization.slice('Bearer '.length));
  };
  const [old = ''] = await publishedKids(gateway, 'ES256');
  expect(await assertionKid()).toBe(old);
  const [retired = ''] = await publishedKids(gateway);
  await rotate(gateway, directory, 120_000);
  const [, added = ''] = await publishedKids(gateway, 'ES256');
  expect(await assertionKid()).toBe(old);

  gateway.advanceClock(120_000);
  expect(await assertionKid()).toBe(added);
  expect(await retireKey(directory, retired, Date.now() + 120_000)).not.toBeInstanceOf(Refusal);
  await announce(gateway, directory);
  expect(await publishedKids(gateway, 'ES256')).toEqual([added]);
});

test('the ring of a version without assertion keys gets them at the start, and its tokens stay valid', async ({
  gateway,
  directory,
}) => {
  const record = await currentRing(directory);
  const path = join(directory, `${record.keys[0]?.kid}.pem`);
  const complete = await readFile(path, 'utf8');
  const rsaOnly = complete.slice(0, complete.lastIndexOf('-----BEGIN'));
  await writeFile(path, rsaOnly);

  const start = { directory, mayCreate: false, tokensLiveSeconds: 600 };
  const started = await Promise.all([1, 2, 3].map(() => ensureRing(start, Date.now())));
  const keys = await Promise.all(started.map((next) => readKeys(directory, next)));
  const assertionKids = keys.flatMap((read) => [...read.values()].map((key) => key.assertionKey.kid));
  expect(new Set(assertionKids).size).toBe(1);
  expect(await readFile(path, 'utf8')).toMatch(rsaOnly.trimEnd());
  expect(started.map(({ keys: [key] }) => key)).toEqual(started.map(() => record.keys[0]));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await statusOf(gateway, await gateway.login())).toBe(200);
});
