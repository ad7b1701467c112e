import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from 'redis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { takeTurn } from '../../src/bank/demo/generator.ts';
import { openAccount } from '../../src/bank/ledger/accounts.ts';
import { BANK_RIGHTS } from '../../src/bank/redis-rights.ts';
import type { Account } from '../../src/bank/schemas.ts';
import { GATEWAY_RIGHTS } from '../../src/gateway/resources/redis-rights.ts';
import '../../src/gateway/server.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { authzKey, revocationsChannel, userKey, whitelistKey } from '../../src/redis/keys.ts';
import { deniedRights } from '../../src/redis/server/rights.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { type BankUnderTest, startBankUnderTest } from './bank-under-test.ts';
import { readEvents } from './event-reader.ts';
import { LEDGER_OPTIONS, leg, posted } from './postings.ts';

/** Redis 7.0 words it in two ways, for a command and for one inside a script; later releases in a third. */
const NOT_PERMITTED = /^\w*Error: (NOPERM|ERR The user executing the script can't|ERR ACL failure)/;

const MAKE_SECRETS = join(import.meta.dirname, '../../scripts/make-secrets.mjs');

let secrets: string;
let redis: TestRedis;
let under: BankUnderTest;
let asBank: RedisLink;
let bob: Account;
let alice: Account;

const secret = async (name: string): Promise<string> =>
  (await readFile(join(secrets, 'secrets', name), 'utf8')).trim();

beforeAll(async () => {
  secrets = await mkdtemp(join(tmpdir(), 'portcullis-secrets-'));
  await promisify(execFile)(process.execPath, [MAKE_SECRETS], { cwd: secrets });
  redis = await startTestRedis({ tcp: true });
  await makeUsers(redis, await secret('redis.acl'));
  const url = await urlOf('redis-url-bank');
  under = await startBankUnderTest({ REDIS_URL: url }, { started: redis });
  asBank = new RedisLink({ url, deadlineMs: 5000, log: createLog('cli', 'silent') });
  await asBank.whenReady(30_000);
  bob = await open('bob');
  alice = await open('alice');
});
afterAll(async () => {
  asBank.close();
  await under.close();
  await rm(secrets, { recursive: true, force: true });
});

const open = (ownerId: string): Promise<Account> =>
  openAccount(
    asBank,
    { ownerId, name: ownerId, currency: 'EUR', openingBalanceMinor: 1_000_000, generated: true },
    Date.now(),
  );

/** Makes the users of an ACL file. The default user stays as it is, for the test's own connection. */
async function makeUsers({ url }: TestRedis, aclFile: string): Promise<void> {
  const link = new RedisLink({ url, deadlineMs: 5000, log: createLog('cli', 'silent') });
  await link.whenReady(30_000);
  for (const line of aclFile.trim().split('\n')) {
    const [, name = '', ...rules] = line.split(' ');
    if (name !== 'default') await link.run((client) => client.aclSetUser(name, rules));
  }
  link.close();
}

/** The test's Redis with the user and password of a secret. */
async function urlOf(name: 'redis-url' | 'redis-url-bank'): Promise<string> {
  const { username, password } = new URL(await secret(name));
  return `redis://${username}:${password}@${new URL(redis.tcpUrl ?? '').host}`;
}

async function replyTo(url: string, command: string[]): Promise<unknown> {
  const client = createClient({ RESP: 2, disableClientInfo: true, url });
  client.on('error', () => {});
  await client.connect();
  try {
    return await client.sendCommand(command);
  } catch (fault) {
    return String(fault);
  } finally {
    client.destroy();
  }
}

const inspectorUrl = async (): Promise<string> =>
  `redis://inspector:${await secret('redis-inspector-password')}@${new URL(redis.tcpUrl ?? '').host}`;

test('the bank works with the Redis user of the containers', async () => {
  await posted(asBank, leg(bob.id));
  expect(await takeTurn(asBank, { ...LEDGER_OPTIONS, intervalMs: 10_000, seed: 7 }, Date.now())).toBe(2);
  const path = `/accounts/${bob.id}`;
  const transferred = await under.ask('bob', `${path}/transfers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': 'key-1' },
    body: JSON.stringify({ to: alice.id, amountMinor: 100, description: 'Rent' }),
  });
  expect(transferred.status).toBe(201);
  for (const read of [
    '/accounts',
    path,
    `${path}/transactions?limit=2`,
    `${path}/transactions?type=groceries`,
    `${path}/transactions/search?term=weekly`,
    `${path}/balance`,
    `${path}/balance?points=2`,
    `${path}/spenders`,
  ])
    expect([read, (await under.ask('bob', read)).status]).toEqual([read, 200]);
  expect((await fetch(`${under.url}/readyz`)).status).toBe(200);
});

test("the bank's streams work with the Redis user of the containers", async () => {
  const path = `/accounts/${alice.id}/stream`;
  const headers = { authorization: `Bearer ${under.assertion('alice', path)}` };
  const stream = await readEvents(under.url + path, headers);
  const { id } = await posted(asBank, leg(alice.id));
  await until(() => stream.events.some((event) => event.id === id));
  stream.abort();
  expect(under.log.join('')).not.toContain('postings_not_subscribed');
});

test.each([
  ['gateway', 'redis-url', GATEWAY_RIGHTS],
  ['bank', 'redis-url-bank', BANK_RIGHTS],
] as const)(
  "the %s's Redis user of the containers has all rights that are needed",
  async (_process, name, rights) => {
    const link = new RedisLink({ url: await urlOf(name), deadlineMs: 5000, log: createLog('cli', 'silent') });
    await link.whenReady(30_000);
    expect(await link.run((client) => deniedRights(client, rights))).toEqual([]);
    link.close();
  },
);

const named = (commands: string[][]) => commands.map((command) => ({ command, line: command.join(' ') }));

test.each(
  named([
    ['GET', authzKey('u')],
    ['SET', authzKey('u'), '{}'],
    ['EXISTS', whitelistKey('u', 'j')],
    ['HGETALL', userKey('u')],
    ['EVAL', "return redis.call('GET', KEYS[1])", '1', authzKey('u')],
    ['EVAL', "return redis.call('GET', ARGV[1])", '0', authzKey('u')],
    ['PUBLISH', revocationsChannel(), 'u'],
    ['SUBSCRIBE', revocationsChannel()],
    ['SCAN', '0'],
    ['RANDOMKEY'],
    ['KEYS', '*'],
    ['FLUSHALL'],
    ['FUNCTION', 'LIST'],
    ['SCRIPT', 'FLUSH'],
    ['CLIENT', 'LIST'],
    ['CLIENT', 'KILL', 'TYPE', 'normal'],
    ['ACL', 'LIST'],
    ['CONFIG', 'GET', '*'],
    ['INFO'],
  ]),
)("the bank's Redis user may not $line", async ({ command }) => {
  expect(await replyTo(await urlOf('redis-url-bank'), command)).toMatch(NOT_PERMITTED);
});

test.each(
  named([
    ['FUNCTION', 'FLUSH'],
    ['CLIENT', 'KILL', 'TYPE', 'normal'],
    ['ACL', 'LIST'],
  ]),
)("the gateway's Redis user may not $line", async ({ command }) => {
  expect(await replyTo(await urlOf('redis-url'), command)).toMatch(NOT_PERMITTED);
});

test('the inspector can read, and can neither write nor disturb others', async () => {
  const url = await inspectorUrl();
  expect(await replyTo(url, ['SCAN', '0'])).toHaveLength(2);
  expect(await replyTo(url, ['INFO', 'server'])).toContain('redis_version');
  for (const command of [
    ['SET', 'a', 'b'],
    ['CLIENT', 'KILL', 'TYPE', 'normal'],
    ['CLIENT', 'PAUSE', '1'],
    ['CLIENT', 'NO-EVICT', 'on'],
  ])
    expect(await replyTo(url, command)).toMatch(NOT_PERMITTED);
});
