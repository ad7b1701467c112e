import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '../../src/log.ts';
import { RedisLink } from '../../src/redis/connection.ts';
import { auditKey } from '../../src/redis/keys.ts';
import { findUserByName } from '../../src/users/users.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let link: RedisLink;
beforeAll(async () => {
  redis = await startTestRedis();
  link = new RedisLink({ url: redis.url, deadlineMs: 900, log: createLog('cli', 'silent') });
  await link.whenReady(5000);
});
afterAll(async () => {
  link.close();
  await redis.stop();
});

/** Runs `portcullis user add` with a password on standard input. */
async function userAdd(words: string[], password: string) {
  const command = spawn(process.execPath, ['src/main.ts', 'user', 'add', ...words], {
    env: { PATH: process.env.PATH, REDIS_URL: redis.url },
  });
  const output = Promise.all([text(command.stdout), text(command.stderr)]);
  command.stdin.end(`${password}\n`);
  const [exitCode] = await once(command, 'exit');
  const [said, complained] = await output;
  return { exitCode, said, complained };
}

test('an operator adds the first super-admin, which is recorded as done from the command line', async () => {
  const words = ['boss', '--role', 'super-admin', '--email', 'boss@bank.example'];
  const { exitCode, said } = await userAdd(words, 'correct horse battery');
  const user = await findUserByName(link, 'boss');
  expect({ exitCode, said }).toEqual({ exitCode: 0, said: `added boss (super-admin), id ${user?.id}\n` });
  expect(user).toMatchObject({ role: 'super-admin', status: 'active', email: 'boss@bank.example' });
  const [entry] = (await link.run((client) => client.xRange(auditKey(), '-', '+'))) ?? [];
  expect(JSON.parse(entry?.message.record ?? '')).toMatchObject({
    action: 'user_create',
    actor: 'operator',
    subject: user?.id,
    detail: 'super-admin',
  });
});

test.each([
  ['a common password', ['carl'], 'password1', 'most common'],
  ['a short one', ['carl'], 'abc', 'at least 8'],
  ['a name with a space', ['carl g'], 'correct horse battery', 'letters, digits'],
  ['a role that does not exist', ['carl', '--role', 'emperor'], 'correct horse battery', 'role'],
  ['a name that is taken', ['BOSS'], 'correct horse battery', 'already'],
])('%s is refused with the reason, and nobody is added', async (_what, words, password, why) => {
  const before = await link.run((client) => client.dbSize());
  const { exitCode, said, complained } = await userAdd(words, password);
  expect({ exitCode, said }).toEqual({ exitCode: 1, said: '' });
  expect(complained).toContain(why);
  expect(complained).not.toContain(password);
  expect(await link.run((client) => client.dbSize())).toBe(before);
});
