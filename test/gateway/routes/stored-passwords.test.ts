import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { userKey } from '../../../src/redis/keys.ts';
import { gatewayTest, logInAs } from '../../support/fixtures.ts';
import { startAnotherGateway } from '../../support/sessions.ts';
import { until } from '../../support/until.ts';
import { idOf } from './admin-clients.ts';

const test = gatewayTest({}, { withoutPepper: true, withFullHashes: true })
  .extend(
    'storedHash',
    ({ gateway }) =>
      (username: string): Promise<string> =>
        gateway.link
          .run((client) => client.hGet(userKey(idOf(gateway, username)), 'passwordHash'))
          .then((hash) => hash ?? ''),
  )
  /** Logs in and waits until the stored hash has been replaced. */
  .extend('upgraded', ({ gateway, storedHash }) => async (username: string) => {
    const before = await storedHash(username);
    const user = await logInAs(gateway, username);
    await until(async () => (await storedHash(username)) !== before);
    return user;
  });

test('a login replaces a hash without a pepper, and its session continues', async ({
  storedHash,
  upgraded,
}) => {
  expect(await storedHash('bob')).toMatch(/^\$argon2id\$/);
  const bob = await upgraded('bob');
  expect(await storedHash('bob')).toMatch(/^\$hmac-sha256\$k=[\w-]{8}\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect((await bob.request('/auth/session')).status).toBe(200);
});

test('a second login stores nothing again', async ({ gateway, storedHash, upgraded }) => {
  await upgraded('alice');
  const stored = await storedHash('alice');
  await gateway.login('alice');
  await gateway.login('alice');
  expect(await storedHash('alice')).toBe(stored);
});

test('the generated pepper is in a file, and not in Redis', async ({ gateway, upgraded }) => {
  await upgraded('ada');
  const pepper = await readFile(join(gateway.settings.dataDir, 'keys', 'password-pepper.key'), 'utf8');
  expect(pepper).toMatch(/^[\w-]{43}$/);
  expect(JSON.stringify([...(await gateway.redis.dump())])).not.toContain(pepper);
});

test('a gateway with a higher cost replaces the hash at the next login', async ({ gateway, storedHash }) => {
  const other = await startAnotherGateway(gateway, { settings: { passwordPasses: 3 } });
  try {
    const response = await fetch(`${other.url}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'sam', password: 'supervise1' }),
    });
    expect(response.status).toBe(200);
    await until(async () => (await storedHash('sam')).includes('t=3,'));
  } finally {
    await other.close();
  }
  await gateway.login('sam');
  expect(await storedHash('sam')).toContain('t=3,');
});
