import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { expect } from 'vitest';
import { auditKey } from '../../src/redis/keys.ts';
import { findUserByName } from '../../src/users/users.ts';
import { runPortcullis, spawnPortcullis } from '../support/command-line.ts';
import { redisTest } from '../support/fixtures.ts';

const test = redisTest
  /** Runs `portcullis user add` with a password on standard input. */
  .extend(
    'userAdd',
    ({ redis }) =>
      (words: readonly string[], password: string, environment: Env = {}, run = runPortcullis) =>
        run(['user', 'add', ...words], {
          env: { REDIS_URL: redis.url, DATA_DIR: 'none', ...environment },
          input: `${password}\n`,
        }),
  );

type Env = Record<string, string>;

test('an operator adds the first super-admin, whose record is in Redis and on standard error, with the name of the operator', async ({
  userAdd,
  link,
}) => {
  const words = ['boss', '--role', 'super-admin', '--email', 'boss@bank.example'];
  const { exitCode, stdout, stderr } = await userAdd(words, 'correct horse battery', {}, spawnPortcullis);
  const user = await findUserByName(link, 'boss');
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `added boss (super-admin), id ${user?.id}\n` });
  expect(user).toMatchObject({ role: 'super-admin', status: 'active', email: 'boss@bank.example' });
  const [entry] = (await link.run((client) => client.xRange(auditKey(), '-', '+'))) ?? [];
  const record = JSON.parse(entry?.message.record ?? '');
  expect(record).toMatchObject({
    action: 'user_create',
    actor: 'operator',
    operator: userInfo().username,
    subject: user?.id,
    detail: 'super-admin',
  });
  const line = stderr.split('\n').find((text) => text.startsWith('{'));
  expect(JSON.parse(line ?? '')).toMatchObject({ event: 'audit', record, hash: entry?.message.hash });
});

test('in production a password is hashed with the pepper, which is required', async ({ userAdd, link }) => {
  const production = { NODE_ENV: 'production', ISSUER: 'https://gate.example' };
  const refused = await userAdd(['frida'], 'correct horse battery', production);
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/PASSWORD_PEPPER: must be/) });
  const pepper = randomBytes(32).toString('base64url');
  const added = await userAdd(['frida'], 'correct horse battery', { ...production, PASSWORD_PEPPER: pepper });
  expect(added).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining(pepper) });
  const user = await findUserByName(link, 'frida');
  expect(user?.passwordHash).toMatch(/^\$hmac-sha256\$k=/);
});

test.for([
  ['an easily guessed password', ['carl'], 'password1password1', 'harder to guess'],
  [
    'names of the user',
    ['carl', '--email', 'carl.gustav@bank.example'],
    'Carl.Gustav-2026',
    'harder to guess',
  ],
  ['a short one', ['carl'], 'zqkvwjxpqyhmft', 'at least 15'],
  ['a name with a space', ['carl g'], 'correct horse battery', 'letters, digits'],
  ['a role that does not exist', ['carl', '--role', 'emperor'], 'correct horse battery', 'role'],
  ['a name that is taken', ['BOSS'], 'correct horse battery', 'already'],
] as const)(
  '%s is refused with the reason, and no user is added',
  async ([_what, words, password, why], { link, userAdd }) => {
    const before = await link.run((client) => client.dbSize());
    const { exitCode, stdout, stderr } = await userAdd(words, password);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(why);
    expect(stderr).not.toContain(password);
    expect(await link.run((client) => client.dbSize())).toBe(before);
  },
);
