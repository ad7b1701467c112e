import { expect } from 'vitest';
import type { GatewaySettings } from '../../../src/config/load.ts';
import { resetDeps } from '../../../src/gateway/rate-limits.ts';
import { takeResetRequest } from '../../../src/gateway/routes/password/reset-limits.ts';
import { Refusal } from '../../../src/refusal.ts';
import { addUser } from '../../../src/users/users.ts';
import { redisTest } from '../../support/fixtures.ts';
import { resetRateLimits } from '../../support/rate-limits.ts';

const NOW_MS = Date.UTC(2026, 0, 2);
const settings = {
  issuer: 'https://gateway.example',
  resetsPerUsername: 2,
  resetsPerAddress: 5,
  resetMailsPerUsername: 10,
  resetWindowSeconds: 3600,
} as GatewaySettings;

/** Bob, and a function that requests a reset with a device of this user and returns the seconds to wait. */
const test = redisTest
  .extend('bob', { scope: 'file' }, async ({ link }): Promise<string> => {
    const user = { username: 'Bob', displayName: 'Bob', passwordHash: 'x', role: 'user' } as const;
    const added = await addUser(link, user, new Date(NOW_MS));
    if (added instanceof Refusal) throw new Error(added.reason);
    return added.id;
  })
  .extend('request', ({ link }) => {
    const { resetLimiters } = resetDeps(settings, link);
    return (username: string, sub: string, address = '192.0.2.1'): Promise<number> => {
      const device = { sub, id: `device-of-${sub}`, generation: 0 };
      return takeResetRequest(resetLimiters, { username, address, device }, NOW_MS);
    };
  });

test.beforeEach(({ link }) => resetRateLimits(link));

test('a device of another user does not pass the limit of the username in a network', async ({
  bob,
  request,
}) => {
  expect(bob).toHaveLength(22);
  for (const username of ['bob', 'nobody']) {
    for (let i = 0; i < 2; i += 1) expect(await request(username, 'mallory')).toBe(0);
    expect(await request(username, 'mallory')).toBeGreaterThan(0);
  }
});

test('a device of another user does not pass the limit of the network', async ({ request }) => {
  for (let i = 0; i < 5; i += 1) expect(await request(`user${i}`, 'mallory')).toBe(0);
  expect(await request('bob', 'mallory')).toBeGreaterThan(0);
});

test('a device of the user has a limit of its own, in any case of the username', async ({ bob, request }) => {
  for (let i = 0; i < 3; i += 1) await request('bob', 'mallory');
  expect(await request('bob', 'mallory')).toBeGreaterThan(0);
  for (const username of ['bob', 'BOB']) expect(await request(username, bob)).toBe(0);
  expect(await request('bob', bob)).toBeGreaterThan(0);
});

test('a device of another user takes the same Redis commands for a known and an unknown username', async ({
  redis,
  bob,
  request,
}) => {
  expect(bob).toHaveLength(22);
  // The first request makes Redis load the scripts.
  await request('somebody', 'mallory', '192.0.2.9');
  const [known, unknown] = [
    await redis.commandsDuring(() => request('bob', 'mallory')),
    await redis.commandsDuring(() => request('nobody', 'mallory')),
  ];
  expect(known.length).toBeGreaterThan(0);
  expect(known).toEqual(unknown);
});
