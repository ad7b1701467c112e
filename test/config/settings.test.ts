import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bankSettings, type Environment, gatewaySettings, SettingsRefused } from '../../src/config/load.ts';
import { isInRanges } from '../../src/http/addresses.ts';

function refusalOf(env: Environment): SettingsRefused {
  try {
    gatewaySettings(env);
  } catch (fault) {
    if (fault instanceof SettingsRefused) return fault;
    throw fault;
  }
  throw new Error('the settings were accepted');
}

test('all settings have defaults', () => {
  expect(gatewaySettings({})).toMatchObject({
    gatewayHost: '127.0.0.1',
    gatewayPort: 8080,
    redisDeadlineMs: 500,
    accessTokenTtlSeconds: 300,
    signatureMemoMaxBytes: 0,
    assertionCacheMaxBytes: 16_777_216,
    loginFailuresPerUsername: 5,
  });
  expect(bankSettings({})).toMatchObject({
    bankPort: 8081,
    bankTransactionIntervalMs: 10_000,
    bankSeed: undefined,
  });
});

test('all invalid settings are reported together, each by name with what it must be', () => {
  const { message, faults } = refusalOf({
    GATEWAY_PORT: '80800',
    REDIS_URL: 'memcached://127.0.0.1',
    ACCESS_TOKEN_TTL_SECONDS: '4',
    TRUSTED_PROXIES: '10.0.0.0/8, not-an-address',
    BANK_URL: 'http://127.0.0.1:8081/path',
    ISSUER: 'https://gate.example/',
    LOG_LEVEL: 'loud',
  });
  expect(faults).toHaveLength(7);
  for (const name of [
    'GATEWAY_PORT',
    'REDIS_URL',
    'ACCESS_TOKEN_TTL_SECONDS',
    'TRUSTED_PROXIES',
    'BANK_URL',
    'ISSUER',
    'LOG_LEVEL',
  ]) {
    expect(message).toMatch(new RegExp(`^ {2}${name}: must be `, 'm'));
  }
});

test.each([
  'Authorization',
  'cookie',
  'X-Forwarded-For',
  'x-auth-user',
  'X_Role',
  'Via',
  'Transfer-Encoding',
  'Proxy',
  'X-Real-IP',
  'Client-Cert',
  'Client-Cert-Chain',
  'X-SSL-Client-Cert',
  'SSL-Client-Cert',
  'DPoP',
  'x thing',
])('FORWARD_HEADERS cannot name %s', (name) => {
  expect(refusalOf({ FORWARD_HEADERS: `x-thing, ${name}` }).faults).toEqual([
    expect.stringMatching(/^FORWARD_HEADERS: must be header names/),
  ]);
});

test.each([
  ['without trusted proxies', '', 'CLIENT_CERT_HEADER: must be off unless TRUSTED_PROXIES is set'],
  ...['0.0.0.0/0', '10.0.0.1, ::/0'].map((ranges) => [
    `of everyone (${ranges})`,
    ranges,
    'TRUSTED_PROXIES: must not contain every address unless CLIENT_CERT_HEADER is off',
  ]),
])('client certificates %s are not accepted', (_what, TRUSTED_PROXIES, fault) => {
  for (const CLIENT_CERT_HEADER of ['rfc9440', 'pem-escaped'])
    expect(refusalOf({ CLIENT_CERT_HEADER, TRUSTED_PROXIES }).faults).toEqual([fault]);
  expect(gatewaySettings({ CLIENT_CERT_HEADER: 'off', TRUSTED_PROXIES }).clientCertHeader).toBe('off');
});

test('a list of header names or origins is separated by commas, in any case and with spaces', () => {
  expect(
    gatewaySettings({
      FORWARD_HEADERS: 'X-Thing , x-other,',
      REDIRECT_ORIGINS: 'https://help.example/, http://b.test:1',
    }),
  ).toMatchObject({
    forwardHeaders: ['x-thing', 'x-other'],
    redirectOrigins: ['https://help.example', 'http://b.test:1'],
  });
  expect(refusalOf({ REDIRECT_ORIGINS: 'https://help.example/path' }).faults).toHaveLength(1);
});

test('messages never repeat a given value, which may be a secret', () => {
  const secret = 'hunter2-hunter2';
  const names = [
    'REDIS_URL',
    'GATEWAY_PORT',
    'ISSUER',
    'BANK_URL',
    'TRUSTED_PROXIES',
    'LOG_LEVEL',
    'NODE_ENV',
    'AUDIENCE',
  ];
  const refusal = refusalOf(Object.fromEntries(names.map((name) => [name, ` ${secret} `])));
  expect(refusal.faults.length).toBe(names.length);
  expect(refusal.message + refusal.stack + JSON.stringify(refusal)).not.toContain(secret);
});

test.each(['1e3', '-1', '0x10', '1.5', ' 1', '', '999999999999999999'].filter(Boolean))(
  'a number written as "%s" is rejected',
  (value) => {
    expect(refusalOf({ GATEWAY_PORT: value }).faults).toEqual([
      'GATEWAY_PORT: must be a whole number from 0 to 65535',
    ]);
  },
);

test('an empty variable counts as unset', () => {
  expect(gatewaySettings({ NODE_ENV: '' }).nodeEnv).toBe('development');
  expect(gatewaySettings({ GATEWAY_PORT: '', REDIS_URL: '' })).toMatchObject({ gatewayPort: 8080 });
});

test('a secret can be read from a file, and its content is trimmed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-config-'));
  try {
    const path = join(directory, 'redis-url');
    await writeFile(path, 'redis://:secret@127.0.0.1:6379\n');
    expect(gatewaySettings({ REDIS_URL_FILE: path }).redisUrl).toBe('redis://:secret@127.0.0.1:6379');
    expect(refusalOf({ REDIS_URL_FILE: path, REDIS_URL: 'redis://127.0.0.1' }).faults).toEqual([
      'REDIS_URL: must not be set together with REDIS_URL_FILE',
    ]);
    expect(refusalOf({ SIGNING_KEY_FILE: join(directory, 'missing') }).faults).toEqual([
      'SIGNING_KEY_FILE: must be the path of a readable file',
    ]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('trusted proxies can be IPv4 and IPv6 addresses and ranges', () => {
  const { trustedProxies } = gatewaySettings({ TRUSTED_PROXIES: '10.0.0.0/8, 2001:db8::/32,192.0.2.1' });
  expect(isInRanges('10.1.2.3', trustedProxies)).toBe(true);
  expect(isInRanges('192.0.2.2', trustedProxies)).toBe(false);
  expect(isInRanges('2001:db8::1', trustedProxies)).toBe(true);
});
