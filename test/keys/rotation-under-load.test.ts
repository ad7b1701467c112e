import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seedDemoUsers } from '../../src/dev/demo-users.ts';
import { changeRing } from '../../src/keys/change.ts';
import { makeNamedKey, makeRing } from '../../src/keys/rotation.ts';
import { type KeyState, keyStatusesAt } from '../../src/keys/schedule.ts';
import { readRing } from '../../src/keys/store.ts';
import { announceRing } from '../../src/keys/sync.ts';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { PasswordHasher } from '../../src/users/passwords.ts';
import { type Beside, runBeside } from '../support/beside.ts';
import { PROCESS_ENV } from '../support/command-line.ts';
import { bearer, loginAs } from '../support/gateway.ts';
import { LIMITS_OFF } from '../support/limits-off.ts';
import { freePort } from '../support/ports.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const TOKENS_LIVE_SECONDS = 600;
/** What the schedule adds to the token lifetime. */
const LATE_READ_SECONDS = 10;

let redis: TestRedis;
let link: RedisLink;
let directory: string;
let env: Record<string, string | undefined>;
let gateways: string[];
const children: ChildProcess[] = [];

beforeAll(async () => {
  redis = await startTestRedis();
  link = new RedisLink({ url: redis.url, deadlineMs: 900, log: createLog('cli', 'silent') });
  directory = await mkdtemp(join(tmpdir(), 'portcullis-rotation-'));
  const [one, other, bank] = [await freePort(), await freePort(), await freePort()];
  gateways = [`http://127.0.0.1:${one}`, `http://127.0.0.1:${other}`];
  env = {
    ...PROCESS_ENV,
    ...LIMITS_OFF,
    REDIS_URL: redis.url,
    KEYS_DIR: join(directory, 'keys'),
    KEY_PUBLISH_LEAD_SECONDS: '2',
    ISSUER: gateways[0],
    BANK_URL: `http://127.0.0.1:${bank}`,
    BANK_PORT: String(bank),
    BANK_TRANSACTION_INTERVAL_MS: '0',
    SESSIONS_PER_USER_MAX: '100',
    PASSWORD_WORKERS: '1',
    LOG_LEVEL: 'silent',
  };
  await Promise.all([seedUsers(), makeRingOfTwo(join(directory, 'keys'))]);
  start('bank', {});
  start('gateway', { GATEWAY_PORT: String(one) });
  start('gateway', { GATEWAY_PORT: String(other) });
  await Promise.all([...gateways, `http://127.0.0.1:${bank}`].map((url) => until(() => isReady(url))));
});
afterAll(async () => {
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')));
  link.close();
  await redis.stop();
  await rm(directory, { recursive: true });
});

function start(name: string, settings: Record<string, string>): void {
  children.push(
    spawn(process.execPath, ['src/main.ts', name], { env: { ...env, ...settings }, stdio: 'ignore' }),
  );
}

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    (response) => response.ok,
    () => false,
  );

async function connected(): Promise<RedisLink> {
  await link.whenReady(30_000);
  return link;
}

async function seedUsers(): Promise<void> {
  const hasher = new PasswordHasher({ workers: 1, queueMax: 1 });
  await seedDemoUsers(await connected(), hasher, new Date());
  await hasher.close();
}

/** Makes a ring whose second key signs since a minute ago, as after an earlier rotation. */
async function makeRingOfTwo(ring: string): Promise<void> {
  const rotatedMs = Date.now() - 60_000;
  const made = await makeRing(ring, TOKENS_LIVE_SECONDS, rotatedMs - 86_400_000);
  const newKey = await makeNamedKey();
  const key = { kid: newKey.kid, createdMs: rotatedMs, signsFromMs: rotatedMs };
  await changeRing(ring, () => ({ record: { ...made, keys: [...made.keys, key] }, keyFiles: [newKey] }));
}

/** Sets the time of that rotation back, so that the first key expires in `afterMs` and not in ten minutes, and says so. */
async function expireFirstKey(ring: string, afterMs: number): Promise<void> {
  const signsFromMs = Date.now() + afterMs - (TOKENS_LIVE_SECONDS + LATE_READ_SECONDS) * 1000;
  const made = await readRing(ring);
  if (made === undefined) throw new Error('no ring');
  const keys = made.keys.map((key, index) => (index === 1 ? { ...key, signsFromMs } : key));
  const record = await changeRing(ring, () => ({ record: { ...made, keys } }));
  expect(await announceRing(await connected(), record, 30_000)).toEqual({ listening: 2, acknowledged: 2 });
}

async function keys(...words: string[]): Promise<string> {
  const command = spawn(process.execPath, ['src/main.ts', 'keys', ...words], { env });
  const [output, [exitCode]] = await Promise.all([text(command.stdout), once(command, 'exit')]);
  expect(exitCode).toBe(0);
  return output;
}

async function states(): Promise<KeyState[]> {
  const record = await readRing(join(directory, 'keys'));
  return record === undefined ? [] : keyStatusesAt(record, Date.now()).map(({ state }) => state);
}

const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? '';

/** One request under load. */
interface Sample {
  kid: string;
  status: number;
  startedMs: number;
}

/** A steady load on both gateways with all tokens, and a login every 300 ms, beside a test. */
class Load {
  readonly tokens: string[] = [];
  readonly samples: Sample[] = [];
  #logins = 0;
  #requests = 0;

  start(workers: number): Beside {
    return runBeside([() => this.#logIn(), ...Array.from({ length: workers }, () => () => this.#send())]);
  }

  async logInNow(n: number): Promise<string> {
    const token = await loginAs(gateways[n % 2] ?? '', n % 4 < 2 ? 'bob' : 'alice');
    this.tokens.push(token);
    return token;
  }

  async #logIn(): Promise<void> {
    this.#logins += 1;
    await this.logInNow(this.#logins);
    await delay(300);
  }

  async #send(): Promise<void> {
    this.#requests += 1;
    const n = this.#requests;
    const token = this.tokens[n % this.tokens.length] ?? '';
    const startedMs = performance.now();
    const response = await fetch(`${gateways[n % 2]}/bank/accounts`, { headers: bearer(token) });
    await response.arrayBuffer();
    this.samples.push({ kid: kidOf(token), status: response.status, startedMs });
    await delay(5);
  }
}

test('under steady load on two gateways and the bank, a rotation from publication to expiry of the old key fails no request', async () => {
  const load = new Load();
  const old = kidOf(await load.logInNow(0));
  await load.logInNow(1);
  const running = load.start(4);
  expect(await states()).toEqual(['verifying', 'signing']);
  const output = await keys('rotate');
  const added = output.slice(0, 43);
  expect(output).toContain('confirmed by 2 of 2 gateways');
  // Not before the rotation, which removes a key that has expired from the ring.
  await expireFirstKey(join(directory, 'keys'), 2000);
  await until(() => load.tokens.some((token) => kidOf(token) === added));
  await until(async () => (await states())[0] === 'expired');
  const after = performance.now();
  await until(() => load.samples.some(({ kid, startedMs }) => kid === added && startedMs > after));
  await until(() => load.samples.some(({ kid, startedMs }) => kid === old && startedMs > after));
  await until(() => load.samples.length > 300);
  await running.stop();

  expect(load.samples.filter(({ status }) => status !== 200)).toEqual([]);
  expect(new Set(load.samples.map(({ kid }) => kid))).toEqual(new Set([old, added]));
});

test('under steady load, a retired signing key is refused by all gateways once the command ends, and no other request fails', async () => {
  const load = new Load();
  const older = kidOf(await load.logInNow(0));
  await keys('rotate', '--now');
  const compromised = kidOf(await load.logInNow(1));
  const running = load.start(4);
  await until(() => load.samples.length > 100);
  const output = await keys('retire', compromised);
  const retiredAtMs = performance.now();
  expect(output).toContain('confirmed by 2 of 2 gateways');
  const after = (): Sample[] => load.samples.filter(({ startedMs }) => startedMs > retiredAtMs);
  await until(() => new Set(after().map(({ kid }) => kid)).size === 3 && after().length > 100);
  await until(() => load.samples.filter(({ kid }) => kid === older).length > 20);
  await running.stop();

  const withRetiredKey = load.samples.filter(({ kid }) => kid === compromised);
  const others = load.samples.filter(({ kid }) => kid !== compromised);
  expect(others.filter(({ status }) => status !== 200)).toEqual([]);
  expect(new Set(withRetiredKey.map(({ status }) => status))).toEqual(new Set([200, 401]));
  const late = withRetiredKey.filter(({ startedMs }) => startedMs > retiredAtMs);
  expect(new Set(late.map(({ status }) => status))).toEqual(new Set([401]));
});
