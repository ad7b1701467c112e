import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeKeyPem } from '../../src/keys/ring.ts';
import { PROCESS_ENV } from '../support/command-line.ts';
import { until } from '../support/until.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-start-'));
});
afterAll(() => rm(directory, { recursive: true }));

const envWith = (settings: Record<string, string>): NodeJS.ProcessEnv => ({
  ...PROCESS_ENV,
  DATA_DIR: directory,
  HEALTH_PORT: '0',
  SHUTDOWN_SETTLE_MS: '0',
  REDIS_URL: 'unix:///nowhere.sock',
  ...settings,
});

/** Runs `portcullis gateway` until it exits. */
async function runGateway(
  settings: Record<string, string>,
): Promise<{ exitCode: number | null; stderr: string }> {
  const gateway = spawn(process.execPath, ['--expose-gc', 'src/main.ts', 'gateway'], {
    env: envWith(settings),
  });
  const [stderr, [exitCode]] = await Promise.all([text(gateway.stderr), once(gateway, 'exit')]);
  return { exitCode, stderr };
}

const production = (settings: Record<string, string>): Record<string, string> => ({
  NODE_ENV: 'production',
  ISSUER: 'https://gate.example',
  REFRESH_KEY: randomBytes(32).toString('base64url'),
  PASSWORD_PEPPER: randomBytes(32).toString('base64url'),
  ...settings,
});

test('the gateway does not start in production with a weak key, and names the setting', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const SIGNING_KEY = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const { exitCode, stderr } = await runGateway(production({ SIGNING_KEY }));
  expect(stderr).toMatch(/^portcullis: SIGNING_KEY: must have RSA keys of at least 2048 bits/);
  expect(stderr).not.toContain(SIGNING_KEY.slice(30, 60));
  expect(exitCode).toBe(1);
});

test('the gateway does not start in production without a key, and makes none', async () => {
  const { exitCode, stderr } = await runGateway(production({}));
  expect(stderr).toContain('SIGNING_KEY: must be ');
  expect(exitCode).toBe(1);
  expect(await readdir(directory)).toEqual([]);
});

test('the gateway does not start in production with a directory without a key ring, and makes none', async () => {
  const { exitCode, stderr } = await runGateway(production({ KEYS_DIR: join(directory, 'ring') }));
  expect(stderr).toBe('portcullis: KEYS_DIR: holds no key ring; `portcullis keys rotate` makes one\n');
  expect(exitCode).toBe(1);
  expect(await readdir(directory)).toEqual([]);
});

test('the gateway does not start with both a key and a key ring', async () => {
  const SIGNING_KEY = await makeKeyPem();
  const { exitCode, stderr } = await runGateway(production({ SIGNING_KEY, KEYS_DIR: directory }));
  expect(stderr).toBe('portcullis: SIGNING_KEY: give it or KEYS_DIR, not both\n');
  expect(exitCode).toBe(1);
});

test('the gateway does not start in production with a misspelt setting, and its value is not printed', async () => {
  const SIGNING_KEY = await makeKeyPem();
  const { exitCode, stderr } = await runGateway(production({ SIGNING_KEY, SESION_IDLE_SECONDS: 'hunter2' }));
  expect(stderr).toBe(
    'portcullis: invalid settings:\n  SESION_IDLE_SECONDS: must be spelled SESSION_IDLE_SECONDS, or be unset\n',
  );
  expect(exitCode).toBe(1);
});

test('outside production, a misspelt setting is a warning in the log, without its value', async () => {
  const settings = { SIGNING_KEY: await makeKeyPem(), GATEWAY_PORT: '0', SESION_IDLE_SECONDS: 'hunter2' };
  const gateway = spawn(process.execPath, ['--expose-gc', 'src/main.ts', 'gateway'], {
    env: envWith(settings),
  });
  let printed = '';
  gateway.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  try {
    await until(() => printed.includes('setting_misspelt'));
  } finally {
    gateway.kill('SIGTERM');
    await once(gateway, 'exit');
  }
  const warnings = printed.split('\n').filter((line) => line.includes('setting_misspelt'));
  expect(warnings.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 40, name: 'SESION_IDLE_SECONDS', meant: 'SESSION_IDLE_SECONDS' }),
  ]);
  expect(printed).not.toContain('hunter2');
});

test('the gateway does not start on a port in use, and its process exits', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const SIGNING_KEY = await makeKeyPem();
  const { exitCode, stderr } = await runGateway({ GATEWAY_PORT: String(port), SIGNING_KEY });
  expect(stderr).toBe(`portcullis: port ${port} is already in use\n`);
  expect(exitCode).toBe(1);
  other.close();
});

test('the gateway does not start with an invalid policy file, and names the invalid fields', async () => {
  const path = join(directory, 'policy.json');
  await writeFile(path, '[{"methods":["GET"],"path":"accounts","scope":"everything"}]');
  const { exitCode, stderr } = await runGateway({ POLICY_FILE: path });
  expect(stderr).toMatch(/^portcullis: POLICY_FILE: must be a JSON array of rules/);
  expect(stderr).toContain('[0].path');
  expect(stderr).toContain('[0].scope');
  expect(exitCode).toBe(1);
});
