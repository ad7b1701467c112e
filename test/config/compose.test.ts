import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test as base, expect } from 'vitest';
import { bankSettings, type Environment, gatewaySettings } from '../../src/config/load.ts';
import { pinnedAssertionKeys } from '../../src/keys/assertion-keys.ts';
import { keyRingFromPem } from '../../src/keys/ring.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What the operator sets. */
const PRODUCTION = { NODE_ENV: 'production', LOG_LEVEL: 'info', ISSUER: 'https://gate.example' };

interface Secrets {
  directory: string;
  make(): Promise<void>;
}

const test = base.extend('secrets', async ({}, { onCleanup }): Promise<Secrets> => {
  const parent = await mkdtemp(join(tmpdir(), 'portcullis-compose-'));
  onCleanup(() => rm(parent, { recursive: true }));
  const script = join(ROOT, 'scripts/make-secrets.mjs');
  const make = async () => void (await promisify(execFile)(process.execPath, [script], { cwd: parent }));
  await make();
  return { directory: join(parent, 'secrets'), make };
});

/** The environment of a container in production, with the secrets where this machine has them. */
async function environmentOf(service: 'gateway' | 'bank', directory: string): Promise<Environment> {
  const text = await readFile(join(ROOT, 'docker-compose.yml'), 'utf8');
  const shared = text.split('x-settings:')[1]?.split('x-health:')[0] ?? '';
  const own = text.split(`\n  ${service}:\n`)[1]?.split(/\n {2}\w+:\n/)[0] ?? '';
  const files = new Map(
    [...text.matchAll(/^ {2}(\w+): \{ file: \.\/secrets\/([\w.-]+) \}$/gm)].map(([, name, file]) => [
      name,
      file,
    ]),
  );
  const variables = [...`${shared}\n${own}`.matchAll(/^ +([A-Z_]+): (\S+)$/gm)].map(
    ([, name = '', value = '']) => {
      const secret = /^\/run\/secrets\/(\w+)$/.exec(value)?.[1];
      return [name, secret === undefined ? value : join(directory, files.get(secret) ?? '')] as const;
    },
  );
  expect(variables.length).toBeGreaterThan(4);
  return { ...Object.fromEntries(variables), ...PRODUCTION };
}

test('the settings of the containers are accepted in production', async ({ secrets: { directory } }) => {
  const gateway = gatewaySettings(await environmentOf('gateway', directory));
  const bank = bankSettings(await environmentOf('bank', directory));
  expect(gateway).toMatchObject({ bankUrl: 'http://bank:8081', plainHttpHosts: ['bank'] });
  expect(bank).toMatchObject({ jwksUrl: undefined, plainHttpHosts: [] });
});

test("the bank's container has the gateway's key of assertions from a file, and asks no other container for it", async ({
  secrets: { directory },
}) => {
  const { signingKey = '' } = gatewaySettings(await environmentOf('gateway', directory));
  const { jwks = '' } = bankSettings(await environmentOf('bank', directory));
  const { signing } = await keyRingFromPem(signingKey);
  expect(JSON.parse(jwks)).toEqual({ keys: [expect.not.objectContaining({ d: expect.anything() })] });
  expect(pinnedAssertionKeys(jwks).has(signing.assertionKey.kid)).toBe(true);
});

test('secrets of a version without a key of assertions get one, and keep their other keys', async ({
  secrets: { directory, make },
}) => {
  const path = join(directory, 'signing-key.pem');
  const complete = await readFile(path, 'utf8');
  const rsaOnly = complete.slice(0, complete.lastIndexOf('-----BEGIN'));
  await writeFile(path, rsaOnly);
  await make();
  const { signing } = await keyRingFromPem(await readFile(path, 'utf8'));
  expect(signing.kid).toBe((await keyRingFromPem(complete)).signing.kid);
  const jwks = await readFile(join(directory, 'jwks.json'), 'utf8');
  expect(pinnedAssertionKeys(jwks).has(signing.assertionKey.kid)).toBe(true);
});
