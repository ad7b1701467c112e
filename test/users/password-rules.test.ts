import { describe, expect, test } from 'vitest';
import { passwordFault } from '../../src/users/password-rules.ts';

test('any password that is long enough and not common is accepted, whatever its characters', async () => {
  for (const password of ['zqkvwjxp', '        ', 'пароль-на-сто', '🐎🐎🐎🐎🐎🐎🐎🐎', 'x'.repeat(256)])
    expect(await passwordFault(password, 'bob'), password).toBeUndefined();
});

describe('rejected passwords', () => {
  test.each([
    ['seven characters', 'zqkvwjx', 'at least 8'],
    ['four characters in eight code points', 'e\u0301'.repeat(4), 'at least 8'],
    ['seven characters of two code units each', '🐎'.repeat(7), 'at least 8'],
    ['257 characters', 'x'.repeat(257), 'at most 256'],
    ['a common password', 'iloveyou', 'most common'],
    ['a common password in upper case', 'IloveYOU', 'most common'],
    ['a common password in full-width letters', 'ｉｌｏｖｅｙｏｕ', 'most common'],
    ['a variant of the username', 'ＢＯＢ.Ｍould', 'username'],
  ])('%s', async (_what, password, why) => {
    expect(await passwordFault(password, 'bob.mould')).toContain(why);
  });
});
