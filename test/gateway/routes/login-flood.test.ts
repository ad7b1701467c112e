import { describe, expect } from 'vitest';
import { runBeside } from '../../support/beside.ts';
import { addCustomers } from '../../support/customers.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { postJson } from '../../support/gateway.ts';
import { resetRateLimits } from '../../support/rate-limits.ts';
import { until } from '../../support/until.ts';

const PASSWORD = 'foobared';

const ENVIRONMENT = {
  TRUSTED_PROXIES: '127.0.0.0/8',
  PASSWORD_WORKERS: '1',
  PASSWORD_QUEUE_TIMEOUT_MS: '60000',
  PASSWORD_QUEUE_MAX: '8',
  PASSWORD_QUEUE_PER_NETWORK_MAX: '4',
  SESSIONS_PER_USER_MAX: '100',
};

const test = gatewayTest(ENVIRONMENT, { withFullHashes: true })
  .extend(
    'logIn',
    ({ gateway }) =>
      async (username: string, { password = PASSWORD, address = '192.0.2.1', ...more }: Options = {}) => {
        const url = `${gateway.url}/auth/login`;
        const response = await postJson(url, { username, password, ...more }, { 'x-forwarded-for': address });
        const body = (await response.json()) as { code?: string; device_token?: string };
        return { status: response.status, ...body };
      },
  )
  .extend(
    'customers',
    ({ gateway }) =>
      (count: number) =>
        addCustomers(gateway.link, count),
  );

interface Options {
  password?: string;
  address?: string;
  device_token?: string;
}

test.beforeEach(({ gateway }) => resetRateLimits(gateway.link));

describe('during a flood', () => {
  /** Floods with logins until `act` is done. Returns what the flood got. */
  const during = async (
    parallel: number,
    attempt: (i: number) => Promise<{ status: number; code?: string }>,
    act: () => Promise<void>,
  ): Promise<string[]> => {
    const outcomes: string[] = [];
    const flood = runBeside(
      Array.from({ length: parallel }, (_, i) => async () => {
        const { status, code } = await attempt(i);
        outcomes.push(code ?? String(status));
      }),
    );
    await until(() => outcomes.length > parallel);
    await act();
    await flood.stop();
    return outcomes;
  };

  test('of correct logins from one network, which is limited to its share, others log in', async ({
    customers,
    logIn,
  }) => {
    const attackers = await customers(12);
    const real = await customers(3);
    const outcomes = await during(
      12,
      (i) => logIn(attackers[i] ?? '', { address: '203.0.113.1' }),
      async () => {
        for (const [i, name] of real.entries())
          expect((await logIn(name, { address: `198.51.100.${i}` })).status).toBe(200);
      },
    );
    expect(outcomes).toContain('too_busy');
  });

  test('of wrong passwords from many networks that fills the queue, a known device logs in', async ({
    customers,
    logIn,
  }) => {
    const [name = ''] = await customers(1);
    const { device_token = '' } = await logIn(name);
    let address = 0;
    const outcomes = await during(
      16,
      () => {
        address += 1;
        const from = `203.${Math.floor(address / 65_536)}.${Math.floor(address / 256) % 256}.${address % 256}`;
        return logIn(`ghost-${address}`, { password: 'wrong', address: from });
      },
      async () => {
        for (let i = 0; i < 3; i += 1) expect((await logIn(name, { device_token })).status).toBe(200);
      },
    );
    expect(outcomes).toContain('too_busy');
  });
});

test('attempts that fail because Redis flaps cost nobody an attempt', async ({
  customers,
  logIn,
  gateway,
}) => {
  const people = await customers(3);
  let failures = 0;
  const kill = (): Promise<unknown> =>
    gateway.link.run((client) => client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']));
  const heldAttempts = async (): Promise<number> =>
    (await gateway.link.run((client) => client.keys('throttle:username*'))).length;
  for (let round = 0; round < 5 || failures < 3; round += 1) {
    const logins = Promise.all(people.map((name) => logIn(name)));
    await until(async () => (await heldAttempts()) > 0);
    await kill();
    failures += (await logins).filter(({ status }) => status === 503).length;
    await until(async () => (await fetch(`${gateway.url}/readyz`)).ok);
  }
  const dump = await gateway.redis.dump();
  const counts = [...dump]
    .filter(([key]) => /^throttle:(?:address|username)/.test(key))
    .map(([, value]) => /\\"count\\":(\d+)/.exec(value)?.[1]);
  expect(counts.filter((count) => count !== '0')).toEqual([]);
});
