import { expect } from 'vitest';
import { auditKey } from '../../src/redis/keys.ts';
import { pendingEmail } from '../../src/users/email-change.ts';
import { addUser, findUserByName } from '../../src/users/users.ts';
import { runPortcullis } from '../support/command-line.ts';
import { redisTest } from '../support/fixtures.ts';

const test = redisTest.extend(
  'userEmail',
  ({ redis }) =>
    (...words: string[]) =>
      runPortcullis(['user', 'email', ...words], { env: { REDIS_URL: redis.url } }),
);

test('an operator gives a user an address, which is confirmed, and which is recorded in the security log', async ({
  userEmail,
  link,
}) => {
  const { pendingEmail: pending } = pendingEmail('wrong@bank.example', 600, Date.now());
  const passwordHash = 'nobody logs in with this';
  const user = {
    username: 'carol',
    displayName: 'Carol',
    role: 'user',
    passwordHash,
    pendingEmail: pending,
  } as const;
  await addUser(link, user, new Date());
  expect(await userEmail('Carol', 'carol@bank.example')).toEqual({
    exitCode: 0,
    stdout: 'carol gets emails at carol@bank.example\n',
    stderr: expect.not.stringContaining('carol@bank.example'),
  });
  const carol = await findUserByName(link, 'carol');
  expect(carol).toMatchObject({ email: 'carol@bank.example' });
  expect(carol).not.toHaveProperty('pendingEmail');
  const [entry] = (await link.run((client) => client.xRange(auditKey('security'), '-', '+'))) ?? [];
  expect(JSON.parse(entry?.message.record ?? '')).toMatchObject({
    action: 'email_change',
    actor: 'operator',
    subject: carol?.id,
  });
});

test.for([
  ['an unknown user', ['nobody', 'nobody@bank.example'], 'no user nobody'],
  ['text that is no address', ['carol', 'carol'], 'must be an email address'],
] as const)('%s is refused with the reason', async ([_what, words, why], { userEmail }) => {
  expect(await userEmail(...words)).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: expect.stringContaining(why),
  });
});
