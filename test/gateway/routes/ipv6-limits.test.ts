import { expect } from 'vitest';
import { gatewayTest } from '../../support/fixtures.ts';
import { postJson, problemOf } from '../../support/gateway.ts';
import { resetRateLimits } from '../../support/rate-limits.ts';

const MAX = 2;

const test = gatewayTest({
  TRUSTED_PROXIES: '127.0.0.0/8',
  REGISTRATION: 'open',
  MAIL_TO_LOG: 'on',
  REGISTRATIONS_PER_ADDRESS: String(MAX),
  RESETS_PER_ADDRESS: String(MAX),
  LOGIN_FAILURES_PER_ADDRESS: String(MAX),
});

test.beforeEach(({ gateway }) => resetRateLimits(gateway.link));

/** A different username for each attempt, so that only the address is limited. The passwords are refused. */
const BODIES = {
  '/auth/login': (i: number) => ({ username: `ghost-${i}`, password: 'wrong' }),
  '/auth/register': (i: number) => ({ username: `new-${i}`, password: 'short' }),
  '/auth/password-reset': (i: number) => ({ username: `ghost-${i}` }),
};

const ROUTES = [
  ['/auth/login', 'login_throttled'],
  ['/auth/register', 'throttled'],
  ['/auth/password-reset', 'throttled'],
] as const;

const NETWORKS = [
  ['a /64', MAX, (i: number) => `2001:db8:1:1::${i}`],
  ['a /56', MAX * 4, (i: number) => `2001:db8:1:1${i + 10}::1`],
  ['a /48', MAX * 16, (i: number) => `2001:db8:1:${i + 10}00::1`],
] as const;

const CASES = ROUTES.flatMap(([path, code]) =>
  NETWORKS.map(([network, max, addressOf]) => ({ path, code, network, max, addressOf })),
);

test.for(CASES)(
  '$path: a new address of $network for each attempt does not pass the limit of $max',
  async ({ path, code, max, addressOf }, { gateway }) => {
    const attempt = (i: number, address: string): Promise<Response> =>
      postJson(gateway.url + path, BODIES[path](i), { 'x-forwarded-for': address });
    for (let i = 0; i < max; i += 1) expect((await attempt(i, addressOf(i))).status).not.toBe(429);
    expect(await problemOf(await attempt(max, addressOf(max)))).toEqual({ status: 429, code });
    expect((await attempt(max, '2001:db8:2::1')).status).not.toBe(429);
  },
);
