import { describe, expect } from 'vitest';
import { DEMO_USERS } from '../../src/dev/demo-users.ts';
import type { RedisLink } from '../../src/redis/connection.ts';
import { usedProofKey } from '../../src/redis/keys.ts';
import { auditRecords } from '../audit/audit-records.ts';
import { logInBound, sendBoundLogin } from '../support/bound-session.ts';
import { DpopClient } from '../support/dpop.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { postJson } from '../support/gateway.ts';

const test = gatewayTest({ REQUESTS_PER_USER_PER_SECOND: '1', REQUESTS_PER_USER_BURST: '1' });
const loginTest = gatewayTest({ LOGINS_PER_USER_PER_MINUTE: '3', DPOP_REQUIRED_ROLES: 'admin' });

const ADMIN = DEMO_USERS.find(({ role }) => role === 'admin');

const countRemembered = async (link: RedisLink, sub: string): Promise<number> =>
  (await link.run((client) => client.keys(usedProofKey(sub, '*')))).length;

test.for([
  ['bob', '/bank/accounts'],
  ['alice', '/auth/session'],
] as const)(
  '%s cannot make Redis remember more proofs than the rate of a user allows: %s',
  async ([username, path], { gateway }) => {
    const bound = await logInBound(gateway, username);
    const { sub } = bound.claims;
    const before = await countRemembered(gateway.link, sub);
    const send = async (): Promise<number> => (await bound.request(path)).status;
    const statuses = await Promise.all(Array.from({ length: 60 }, send));
    const limited = statuses.filter((status) => status === 429).length;
    expect(limited).toBeGreaterThan(40);
    expect((await countRemembered(gateway.link, sub)) - before).toBeLessThanOrEqual(60 - limited);
  },
);

test('the refresh token of a session that is over makes Redis remember no proof', async ({ gateway }) => {
  const bound = await logInBound(gateway, 'sam');
  await bound.request('/auth/logout', { method: 'POST' });
  const before = await countRemembered(gateway.link, bound.claims.sub);
  const url = `${gateway.settings.issuer}/auth/logout`;
  const { refresh_token } = bound.tokens;
  for (let sent = 0; sent < 5; sent += 1) {
    const dpop = new DpopClient().proof('POST', url);
    expect((await postJson(`${gateway.url}/auth/logout`, { refresh_token }, { dpop })).status).toBe(204);
  }
  expect(await countRemembered(gateway.link, bound.claims.sub)).toBe(before);
});

describe('a login with the right password counts for the limit and the audit log', () => {
  loginTest('although its proof was used before', async ({ gateway }) => {
    const client = new DpopClient();
    const claims = { jti: 'the same' };
    const statuses: number[] = [];
    const before = (await auditRecords(gateway.link, 'customers')).length;
    for (let sent = 0; sent < 5; sent += 1)
      statuses.push((await sendBoundLogin(gateway, client, 'bob', { claims })).status);
    expect(statuses).toEqual([200, 401, 401, 429, 429]);
    expect((await auditRecords(gateway.link, 'customers')).length - before).toBe(3);
  });

  loginTest('although its role needs a proof and it has none', async ({ gateway }) => {
    const { username, password } = ADMIN ?? {};
    const statuses: number[] = [];
    const before = (await auditRecords(gateway.link)).length;
    for (let sent = 0; sent < 5; sent += 1)
      statuses.push((await postJson(`${gateway.url}/auth/login`, { username, password })).status);
    expect(statuses).toEqual([403, 403, 403, 429, 429]);
    expect((await auditRecords(gateway.link)).length - before).toBe(3);
  });
});
