import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bankSettings, type Environment, gatewaySettings, SettingsRefused } from '../../src/config/load.ts';

/** What a gateway and a bank need in production. */
const PRODUCTION = {
  NODE_ENV: 'production',
  ISSUER: 'https://gate.example',
  REDIS_URL: 'rediss://gateway:hunter2-hunter2@redis.example:6379',
  KEYS_DIR: '/keys',
  REFRESH_KEY: 'r'.repeat(43),
  PASSWORD_PEPPER: 'p'.repeat(43),
};

/** The faults of the gateway's settings or of the bank's. */
function faultsOf(
  changes: Environment,
  read: (env: Environment) => unknown = gatewaySettings,
): readonly string[] {
  try {
    read({ ...PRODUCTION, ...changes });
    return [];
  } catch (fault) {
    if (fault instanceof SettingsRefused) return fault.faults;
    throw fault;
  }
}

test('NODE_ENV_FILE selects production with all of its rules', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-env-'));
  const path = join(directory, 'env');
  await writeFile(path, 'production\n');
  expect(faultsOf({ NODE_ENV: undefined, NODE_ENV_FILE: path, ISSUER: 'http://gate.example' })).toEqual([
    'ISSUER: must be an https:// URL in production',
  ]);
  await rm(directory, { recursive: true });
});

test('in production, missing keys, an issuer without TLS and a Redis without a password are rejected by name', () => {
  const { NODE_ENV } = PRODUCTION;
  expect(() => gatewaySettings({ NODE_ENV })).toThrow(SettingsRefused);
  expect(faultsOf({ ISSUER: '', REDIS_URL: '', KEYS_DIR: '', REFRESH_KEY: '', PASSWORD_PEPPER: '' })).toEqual(
    [
      expect.stringMatching(/^SIGNING_KEY: must be .*SIGNING_KEY_FILE or KEYS_DIR$/),
      expect.stringMatching(/^REFRESH_KEY: must be .*REFRESH_KEY_FILE/),
      expect.stringMatching(/^PASSWORD_PEPPER: must be .*PASSWORD_PEPPER_FILE/),
      'ISSUER: must be an https:// URL in production',
      'REDIS_URL: must contain a password in production, or be a unix:// URL',
    ],
  );
});

test.each([
  ['redis://redis.example:6379', false],
  ['redis://127.0.0.1:6379', false],
  ['rediss://gateway@redis.example', false],
  ['redis://:secret@redis.example', true],
  ['rediss://gateway:secret@redis.example', true],
  ['unix:///run/redis.sock', true],
])('in production, the Redis at %s is accepted: %s', (REDIS_URL, isAccepted) => {
  const expected = isAccepted ? [] : [expect.stringMatching(/^REDIS_URL: must contain a password/)];
  expect(faultsOf({ REDIS_URL })).toEqual(expected);
  expect(faultsOf({ REDIS_URL }, bankSettings)).toEqual(expected);
  expect(faultsOf({ REDIS_URL, NODE_ENV: 'development' })).toEqual([]);
});

test.each([
  ['http://bank:8081', {}, false],
  ['http://10.0.0.7:8081', {}, false],
  ['http://127.0.0.1.example:8081', {}, false],
  ['http://bank:8081', { PLAIN_HTTP_HOSTS: 'gateway' }, false],
  ['http://bank:8081', { PLAIN_HTTP_HOSTS: 'gateway, Bank' }, true],
  ['https://bank.example', {}, true],
  ['http://127.0.0.1:8081', {}, true],
  ['http://localhost:8081', {}, true],
  ['http://[::1]:8081', {}, true],
])('in production, an upstream and keys at %s with %j are accepted: %s', (origin, settings, isAccepted) => {
  const must = 'must be an https:// URL in production, unless its host is loopback or in PLAIN_HTTP_HOSTS';
  expect(faultsOf({ BANK_URL: origin, ...settings })).toEqual(isAccepted ? [] : [`BANK_URL: ${must}`]);
  const keys = { JWKS_URL: `${origin}/.well-known/jwks.json`, ...settings };
  expect(faultsOf(keys, bankSettings)).toEqual(isAccepted ? [] : [`JWKS_URL: ${must}`]);
  expect(faultsOf({ BANK_URL: origin, ...settings, NODE_ENV: 'development' })).toEqual([]);
});

test('in production, emails are not written to the log', () => {
  expect(faultsOf({ MAIL_TO_LOG: 'on' })).toEqual(['MAIL_TO_LOG: must be off in production']);
  expect(gatewaySettings({}).mailToLog).toBe('off');
});

test('in production, the link of reset emails must use https, on any host', () => {
  for (const host of ['bank.example', '127.0.0.1'])
    expect(faultsOf({ RESET_URL: `http://${host}/#reset={token}`, PLAIN_HTTP_HOSTS: host })).toEqual([
      'RESET_URL: must be an https:// URL in production',
    ]);
  expect(faultsOf({ RESET_URL: 'https://bank.example/#reset={token}' })).toEqual([]);
});

test('in production, the issuer has no path', () => {
  expect(faultsOf({ ISSUER: 'https://gate.example/auth' })).toEqual([
    'ISSUER: must be an https:// URL without a path in production',
  ]);
  expect(faultsOf({ ISSUER: 'https://gate.example:8443' })).toEqual([]);
});

test('in production, a misspelt setting is rejected by name, and neither its value nor that of another setting is repeated', () => {
  const secret = 'hunter2-hunter2';
  const env = { SESION_IDLE_SECONDS: secret, REDSI_URL: `redis://:${secret}@x`, REFERSH_KEY_FILE: secret };
  const faults = faultsOf(env);
  expect(faults).toEqual([
    'SESION_IDLE_SECONDS: must be spelled SESSION_IDLE_SECONDS, or be unset',
    'REDSI_URL: must be spelled REDIS_URL, or be unset',
    'REFERSH_KEY_FILE: must be spelled REFRESH_KEY_FILE, or be unset',
  ]);
  expect(JSON.stringify(faults)).not.toContain(secret);
  expect(faultsOf(env, bankSettings)).toEqual(faults);
  expect(faultsOf({ ...env, NODE_ENV: 'development' })).toEqual([]);
});
