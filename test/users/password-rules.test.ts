import { describe, expect, test } from 'vitest';
import { passwordFault } from '../../src/users/password-rules.ts';

test('whatever is long enough and not widely known is taken, of any kinds of characters', async () => {
  for (const password of ['zqkvwjxp', '        ', 'пароль-на-сто', '🐎🐎🐎🐎🐎🐎🐎🐎', 'x'.repeat(256)])
    expect(await passwordFault(password, 'bob'), password).toBeUndefined();
});

describe('refused', () => {
  test.each([
    ['seven characters', 'zqkvwjx', 'at least 8'],
    ['four that are eight as they are typed', 'e\u0301'.repeat(4), 'at least 8'],
    ['seven characters of two code units each', '🐎'.repeat(7), 'at least 8'],
    ['257 characters', 'x'.repeat(257), 'at most 256'],
    ['a common password', 'iloveyou', 'most common'],
    ['a common password in capitals', 'IloveYOU', 'most common'],
    ['a common password in wide letters', 'ｉｌｏｖｅｙｏｕ', 'most common'],
    ['the user name in another spelling', 'ＢＯＢ.Ｍould', 'user name'],
  ])('%s', async (_what, password, why) => {
    expect(await passwordFault(password, 'bob.mould')).toContain(why);
  });
});
