import { describe, expect } from 'vitest';
import { auditKey } from '../../../src/redis/keys.ts';
import { addCustomers } from '../../support/customers.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { postJson } from '../../support/gateway.ts';
import { resetRateLimits } from '../../support/rate-limits.ts';

const PASSWORD = 'foobared';
const RATE = 10;

const test = gatewayTest({
  TRUSTED_PROXIES: '127.0.0.0/8',
  PASSWORD_WORKERS: '1',
  PASSWORD_QUEUE_TIMEOUT_MS: '60000',
  LOGINS_PER_USER_PER_MINUTE: String(RATE),
  SESSIONS_PER_USER_MAX: '100',
})
  .extend(
    'logIn',
    ({ gateway }) =>
      async (username: string, { password = PASSWORD, address = '192.0.2.1' }: Options = {}) => {
        const url = `${gateway.url}/auth/login`;
        const response = await postJson(url, { username, password }, { 'x-forwarded-for': address });
        const body = (await response.json()) as { code?: string };
        return { status: response.status, retryAfter: Number(response.headers.get('retry-after')), ...body };
      },
  )
  .extend(
    'customers',
    ({ gateway }) =>
      (count: number) =>
        addCustomers(gateway.link, count),
  )
  .extend(
    'auditRecords',
    ({ gateway }) =>
      () =>
        gateway.link.run((client) => client.xLen(auditKey('customers'))),
  );

interface Options {
  password?: string;
  address?: string;
}

test.beforeEach(({ gateway }) => resetRateLimits(gateway.link));

describe('correct logins', () => {
  test('of 50 people at once from one address all succeed, and use up nothing', async ({
    customers,
    logIn,
  }) => {
    const people = await customers(50);
    const responses = await Promise.all(people.map((name) => logIn(name)));
    expect(responses.map(({ status }) => status)).toEqual(people.map(() => 200));
    for (let i = 0; i < 19; i += 1) await logIn(`ghost-${i}`, { password: 'wrong' });
    expect((await logIn(people[0] ?? '')).status).toBe(200);
  });

  test('beyond the limit per user and minute are a 429 and no audit record, and count for the network only', async ({
    customers,
    logIn,
    auditRecords,
    gateway,
  }) => {
    const [name = '', other = ''] = await customers(2);
    const responses = await Promise.all(Array.from({ length: RATE }, () => logIn(name)));
    expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200));
    const before = await auditRecords();
    const surplus = await logIn(name, { address: '192.0.2.2' });
    expect(surplus).toMatchObject({ status: 429, code: 'login_rate_exceeded' });
    expect(surplus.retryAfter).toBeGreaterThan(0);
    expect(surplus.retryAfter).toBeLessThanOrEqual(60);
    expect(await auditRecords()).toBe(before);
    expect((await logIn(other, { address: '192.0.2.2' })).status).toBe(200);
    gateway.advanceClock(60_000);
    try {
      expect((await logIn(name)).status).toBe(200);
    } finally {
      gateway.advanceClock(-60_000);
    }
  });

  test('beyond the limit lock the network like wrong passwords, so that they cannot be repeated without end', async ({
    customers,
    logIn,
  }) => {
    const [name = '', other = ''] = await customers(2);
    for (let i = 0; i < RATE; i += 1) await logIn(name);
    const surplus = await Promise.all(Array.from({ length: 20 }, () => logIn(name)));
    expect(surplus.map(({ code }) => code)).toEqual(surplus.map(() => 'login_rate_exceeded'));
    expect(await logIn(other)).toMatchObject({ status: 429, code: 'login_throttled' });
    expect((await logIn(other, { address: '192.0.2.2' })).status).toBe(200);
  });
});

test('a wrong password is a 401 even if the user has reached the limit of correct logins', async ({
  customers,
  logIn,
}) => {
  const [name = ''] = await customers(1);
  for (let i = 0; i < RATE; i += 1) await logIn(name);
  expect(await logIn(name, { password: 'wrong' })).toMatchObject({ status: 401, code: 'login_failed' });
});
