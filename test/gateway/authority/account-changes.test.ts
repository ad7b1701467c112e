import { expect } from 'vitest';
import { fixedRing } from '../../../src/keys/ring.ts';
import { TAKE } from '../../../src/redis/counter-scripts.ts';
import { definedScripts } from '../../../src/redis/scripts.ts';
import { issueResetToken } from '../../../src/users/password-reset.ts';
import { auditRecords } from '../../audit/audit-records.ts';
import { loginAs } from '../../support/gateway.ts';
import { resetRateLimits } from '../../support/rate-limits.ts';
import { type JsonResponse, send } from '../../support/requests.ts';
import { startAnotherGateway } from '../../support/sessions.ts';
import { staffTest } from './staff.ts';

const PASSWORD = 'foobared';
const NEW_PASSWORD = 'correct horse battery';
const ELSEWHERE = ['198.51.100.0/24'];
const ADDRESS_REFUSED = { status: 403, body: { code: 'address_refused' } };
const USER_CHANGE = definedScripts().find(({ name }) => name === 'user-change')?.sha1 ?? '';

/** The user is bob. `holding` runs `meanwhile` after a gateway has sent a command, and before Redis receives it. */
const test = staffTest({ SMTP_URL: 'smtp://127.0.0.1:1' })
  .extend('bob', { scope: 'file' }, ({ gateway }) => {
    const bob = gateway.users.find(({ username }) => username === 'bob');
    if (bob === undefined) throw new Error('there is no bob');
    return bob;
  })
  .extend(
    'holding',
    ({ relay }) =>
      async (command: string, request: () => Promise<JsonResponse>, meanwhile: () => unknown) => {
        const { held, release } = relay.hold(command);
        const response = request();
        await held;
        await meanwhile();
        release();
        return response;
      },
  );

test.beforeEach(async ({ gateway, staff, bob }) => {
  await resetRateLimits(gateway.link);
  await staff.change(bob.id, { set: { ranges: undefined } });
});

const changePassword = (url: string, token: string) =>
  send(`${url}/auth/password`, 'POST', {
    token,
    body: { current_password: PASSWORD, new_password: NEW_PASSWORD },
  });

const changeEmail = (url: string, token: string) =>
  send(`${url}/auth/email`, 'PUT', {
    token,
    body: { email: 'other@demo.example', current_password: PASSWORD },
  });

test.for([
  ['password', changePassword],
  ['email', changeEmail],
] as const)(
  "a change of the user's own %s that is under way when the address ranges change is refused",
  async ([, change], { gateway, distant, staff, holding, bob }) => {
    const token = await loginAs(gateway.url, 'bob');
    const before = await staff.find(bob.id);
    const response = await holding(
      USER_CHANGE,
      () => change(distant.url, token),
      () => staff.change(bob.id, { set: { ranges: ELSEWHERE } }),
    );
    expect(response).toMatchObject(ADDRESS_REFUSED);
    const { passwordHash, pendingEmail } = await staff.find(bob.id);
    expect({ passwordHash, pendingEmail }).toEqual({
      passwordHash: before.passwordHash,
      pendingEmail: before.pendingEmail,
    });
  },
);

test.for([
  ['password', changePassword],
  ['email', changeEmail],
] as const)(
  "a change of the user's own %s whose session is ended while the password is checked is refused, and nothing is set",
  async ([, change], { gateway, distant, staff, holding, bob }) => {
    const token = await loginAs(gateway.url, 'bob');
    const before = await staff.find(bob.id);
    const response = await holding(
      USER_CHANGE,
      () => change(distant.url, token),
      () => send(`${gateway.url}/auth/logout`, 'POST', { token }),
    );
    expect(response).toMatchObject({ status: 401, body: { code: 'token_revoked' } });
    expect(await staff.find(bob.id)).toEqual(before);
  },
);

test.for([
  ['password', changePassword],
  ['email', changeEmail],
] as const)(
  "a change of the user's own %s whose token expires while the password is checked is refused",
  async ([, change], { gateway, relay, staff, holding, bob }) => {
    const token = await loginAs(gateway.url, 'bob');
    let aheadMs = 0;
    const now = () => Date.now() + aheadMs;
    const other = await startAnotherGateway(gateway, { settings: { redisUrl: relay.url }, now });
    try {
      const before = await staff.find(bob.id);
      const response = await holding(
        TAKE.sha1,
        () => change(other.url, token),
        () => {
          aheadMs = gateway.settings.accessTokenTtlSeconds * 1000;
        },
      );
      expect(response).toMatchObject({ status: 401, body: { code: 'token_expired' } });
      expect(await staff.find(bob.id)).toEqual(before);
    } finally {
      await other.close();
    }
  },
);

test('a reset confirmation that is under way when the address ranges change sets no password', async ({
  gateway,
  distant,
  staff,
  holding,
  bob,
}) => {
  const { link: redis, ring, settings } = gateway;
  const deps = { redis, ring: fixedRing(ring), issuer: settings.issuer };
  const token = await issueResetToken(deps, bob.id, Date.now());
  const before = await staff.find(bob.id);
  const response = await holding(
    USER_CHANGE,
    () =>
      send(`${distant.url}/auth/password-reset/confirm`, 'POST', {
        body: { token, new_password: NEW_PASSWORD },
      }),
    () => staff.change(bob.id, { set: { ranges: ELSEWHERE } }),
  );
  expect(response).toMatchObject({ status: 400, body: { code: 'reset_token_invalid' } });
  expect((await staff.find(bob.id)).passwordHash).toBe(before.passwordHash);
});

test('a login that waits while the address ranges change fails as with a wrong password', async ({
  gateway,
  distant,
  staff,
  holding,
  bob,
}) => {
  const response = await holding(
    TAKE.sha1,
    () => send(`${distant.url}/auth/login`, 'POST', { body: { username: 'bob', password: PASSWORD } }),
    () => staff.change(bob.id, { set: { ranges: ELSEWHERE } }),
  );
  expect(response).toMatchObject({ status: 401, body: { code: 'login_failed' } });
  expect((await auditRecords(gateway.link)).at(-1)).toMatchObject({
    action: 'login',
    result: 'refused',
    subject: bob.id,
    detail: 'address_refused',
  });
});
