import { expect } from 'vitest';
import { fixedRing } from '../../../src/keys/ring.ts';
import { auditKey } from '../../../src/redis/keys.ts';
import { issueResetToken } from '../../../src/users/password-reset.ts';
import { findUser } from '../../../src/users/users.ts';
import { mailGatewayTest } from '../../support/mail-gateway.ts';
import { send } from '../../support/requests.ts';
import { startAnotherGateway } from '../../support/sessions.ts';
import { idOf, loginAs } from './admin-clients.ts';

const WEAK = 'passwordpassword';
const GOOD = 'correct horse battery';
const CONFIRM_EMAIL = 'Confirm your email address';

const test = mailGatewayTest()
  .extend('tokenFor', ({ gateway }) => async (username: string) => {
    const { link: redis, ring, settings } = gateway;
    const deps = { redis, ring: fixedRing(ring), issuer: settings.issuer };
    return String(await issueResetToken(deps, idOf(gateway, username), Date.now()));
  })
  .extend(
    'confirm',
    ({ gateway }) =>
      (token: string, password: string, url = gateway.url) =>
        send(`${url}/auth/password-reset/confirm`, 'POST', { body: { token, new_password: password } }),
  )
  /** Runs something while no record of a customer can be written. */
  .extend('unrecorded', ({ gateway: { link } }) => async (run: () => Promise<unknown>) => {
    const [key, kept] = [auditKey('customers'), 'kept-for-later'];
    await link.run((client) => client.del(key));
    await link.run((client) => client.set(key, kept));
    try {
      return await run();
    } finally {
      await link.run((client) => client.del(key));
    }
  });

test('a reset token can be tried ten times, and then not with a good password either', async ({
  tokenFor,
  confirm,
}) => {
  const token = await tokenFor('alice');
  for (let i = 0; i < 10; i += 1)
    expect(await confirm(token, WEAK)).toMatchObject({ status: 400, body: { code: 'body_invalid' } });
  expect(await confirm(token, GOOD)).toMatchObject({ status: 429, body: { code: 'throttled' } });
});

test('reset confirmations of one network share the password queue, and those that it refuses do not count', async ({
  gateway,
  tokenFor,
  confirm,
}) => {
  const other = await startAnotherGateway(gateway, {
    settings: { passwordWorkers: 1, passwordQueuePerNetworkMax: 0 },
  });
  try {
    const token = await tokenFor('sam');
    const many = Array.from({ length: 10 }, () => confirm(token, WEAK, other.url));
    const refused = (await Promise.all(many)).filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    for (const { body } of refused) expect(body).toMatchObject({ code: 'too_busy' });
    expect((await confirm(token, GOOD)).status).toBe(204);
  } finally {
    await other.close();
  }
});

const UNAVAILABLE = { status: 503, body: { code: 'service_unavailable' } };

test('a password reset that cannot be recorded is answered with 503, and the user is told', async ({
  tokenFor,
  confirm,
  unrecorded,
  nextMail,
}) => {
  const token = await tokenFor('bob');
  await nextMail('bob@demo.example', 'Your password has changed', () =>
    unrecorded(async () => expect(await confirm(token, GOOD)).toMatchObject(UNAVAILABLE)),
  );
});

test('a password change that cannot be recorded is answered with 503, and the user is told', async ({
  gateway,
  unrecorded,
  nextMail,
}) => {
  const login = { body: { username: 'bob', password: GOOD } };
  const token = String((await send(`${gateway.url}/auth/login`, 'POST', login)).body.access_token);
  const body = { current_password: GOOD, new_password: 'another battery staple' };
  await nextMail('bob@demo.example', 'Your password has changed', () =>
    unrecorded(async () =>
      expect(await send(`${gateway.url}/auth/password`, 'POST', { token, body })).toMatchObject(UNAVAILABLE),
    ),
  );
});

test('a new email address that cannot be recorded is answered with 503, and the previous one is told', async ({
  gateway,
  unrecorded,
  nextMail,
}) => {
  const session = await loginAs(gateway.url, 'alice');
  const password = 'wonderland1';
  const body = { email: 'new@demo.example', current_password: password };
  const mail = await nextMail('new@demo.example', CONFIRM_EMAIL, () =>
    send(`${gateway.url}/auth/email`, 'PUT', { token: session, body }),
  );
  const token = /#email=([\w.-]+)/.exec(mail)?.[1];
  await nextMail('alice@demo.example', 'Your email address has changed', () =>
    unrecorded(async () =>
      expect(await send(`${gateway.url}/auth/email/confirm`, 'POST', { body: { token } })).toMatchObject(
        UNAVAILABLE,
      ),
    ),
  );
  expect(await findUser(gateway.link, idOf(gateway, 'alice'))).toMatchObject({ email: 'new@demo.example' });
});
