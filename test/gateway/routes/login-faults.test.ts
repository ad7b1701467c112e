import { expect } from 'vitest';
import { deviceNameOf } from '../../../src/gateway/routes/auth/device-name.ts';
import { auditKey, userKey, usernameKey } from '../../../src/redis/keys.ts';
import { addCustomers } from '../../support/customers.ts';
import { gatewayTest } from '../../support/fixtures.ts';
import { postJson, problemOf } from '../../support/gateway.ts';
import { resetRateLimits } from '../../support/rate-limits.ts';

const RATE = 3;
const FAILURES = 5;

const test = gatewayTest({
  LOGINS_PER_USER_PER_MINUTE: `${RATE}`,
  LOGIN_FAILURES_PER_USERNAME: `${FAILURES}`,
})
  .extend('username', async ({ gateway }): Promise<string> => (await addCustomers(gateway.link, 1))[0] ?? '')
  .extend(
    'logIn',
    ({ gateway, username }) =>
      (password = 'foobared'): Promise<Response> =>
        postJson(`${gateway.url}/auth/login`, { username, password }),
  );

test.beforeEach(({ gateway }) => resetRateLimits(gateway.link));

test('logins that cannot be recorded are a 503 and do not count as logins', async ({ gateway, logIn }) => {
  const key = auditKey('customers');
  await gateway.link.run((client) => client.rename(key, 'kept').catch(() => {}));
  await gateway.link.run((client) => client.set(key, 'no stream'));
  for (let n = 0; n <= RATE; n += 1)
    expect(await problemOf(await logIn())).toEqual({ status: 503, code: 'service_unavailable' });
  await gateway.link.run((client) => client.del(key));
  expect((await logIn()).status).toBe(200);
});

test('a login that is throttled is a 429 even if the user cannot be read', async ({
  gateway,
  logIn,
  username,
}) => {
  for (let n = 0; n < FAILURES; n += 1)
    expect(await problemOf(await logIn('wrong'))).toEqual({ status: 401, code: 'login_failed' });
  const id = (await gateway.link.run((client) => client.get(usernameKey(username)))) ?? '';
  await gateway.link.run((client) => client.hSet(userKey(id), 'role', 'no role'));
  expect(await problemOf(await logIn())).toEqual({ status: 429, code: 'login_throttled' });
});

test.for(['a\nb', 'a\0b', 'Firefox\r\n1 2 3/7', '\n', '\u2028\u2029', '\u00a0'])(
  'the name of a device has no line break and no control character: %j',
  (userAgent) => {
    expect(deviceNameOf(userAgent)).toMatch(/^[\x20-\x7e]+$/);
  },
);
