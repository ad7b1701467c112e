import { test as base, describe, expect } from 'vitest';
import { PasswordRules } from '../../src/users/password-rules.ts';
import { PasswordQueueFull } from '../../src/users/passwords.ts';

const ISSUER = 'https://online.nordbank.example';
const BOB = { username: 'bob.mould', displayName: 'Robert Husker', email: 'bobby.tables@mail.example' };

/** `rules` has the defaults, `openRules` opens others. All are closed after the file. */
const test = base
  .extend('openRules', { scope: 'file' }, async ({}, { onCleanup }) => {
    const opened: PasswordRules[] = [];
    onCleanup(async () => {
      for (const rules of opened) await rules.close();
    });
    return (minCharacters = 15, minScore = 4): PasswordRules => {
      const rules = new PasswordRules({ minCharacters, minScore, issuer: ISSUER, queueMax: 10 });
      opened.push(rules);
      return rules;
    };
  })
  .extend('rules', { scope: 'file' }, ({ openRules }): PasswordRules => openRules());

test('a long password that is hard to guess is accepted, whatever its characters', async ({ rules }) => {
  for (const password of [
    'correct horse battery',
    'zqkvwjxpqyhmftd',
    'короткий трактор молоко',
    '🐎🐄🐖🐑🐐🐓🦆🦃🐇🐈🐕🐁🐀🦔🐿',
    `${'aaaaaaaa'.repeat(20)} correct horse battery`,
  ])
    expect(await rules.faultOf(password, BOB), password).toBeUndefined();
});

describe('a password is refused as too short or too long', () => {
  test.for<[what: string, password: string, why: string]>([
    ['14 characters', 'zqkvwjxpqyhmft', 'at least 15'],
    ['14 characters of two code points each', 'e\u0301'.repeat(14), 'at least 15'],
    ['14 characters of two code units each', '🐎'.repeat(14), 'at least 15'],
    ['257 characters', 'x'.repeat(257), 'at most 256'],
  ])('%s', async ([_what, password, why], { rules }) => {
    expect(await rules.faultOf(password, BOB)).toContain(why);
  });
});

describe('a password is refused as easy to guess', () => {
  test.for<string>([
    'Password1!Password1!',
    'iloveyouiloveyou',
    'ｉｌｏｖｅｙｏｕｉｌｏｖｅｙｏｕ',
    'Winter2026Winter2026',
    ' '.repeat(15),
    'a'.repeat(256),
    'qwertyuiopasdfgh',
    '123456789012345',
    'Portcullis2026!!',
    'portcullis-portcullis',
    'nordbank-nordbank',
    'Nordbank-Online.2026!!',
    'Bob.Mould-2026!!',
    'Bob.Mould.Bob.Mould',
    'RobertHusker2026',
    'bobby.tables.bobby.tables',
  ])('%s', async (password: string, { rules }) => {
    expect(await rules.faultOf(password, BOB)).toContain('must be harder to guess');
  });
});

test('short passwords that are easy to guess are refused as such if the minimum is 8', async ({
  openRules,
}) => {
  const rules = openRules(8, 3);
  for (const password of ['Password1!', ' '.repeat(8), 'aaaaaaaa', 'portcullis', 'Winter2026', 'Qwertz123'])
    expect(await rules.faultOf(password, BOB), password).toContain('must be harder to guess');
  expect(await rules.faultOf('zqkvwjxpqy', BOB)).toBeUndefined();
});

test('the names of one user do not restrict another one', async ({ openRules }) => {
  const rules = openRules(8, 3);
  const strange = { username: 'xylophage', displayName: 'Xylophage' };
  expect(await rules.faultOf('xylophage', strange)).toContain('must be harder to guess');
  expect(await rules.faultOf('xylophage', BOB)).toBeUndefined();
});

test('passwords are scored in a thread: the event loop turns before the result is there', async ({
  rules,
}) => {
  await rules.faultOf('correct horse battery', BOB);
  let hasTurned = false;
  setImmediate(() => {
    hasTurned = true;
  });
  expect(await rules.faultOf('1@!$'.repeat(64), BOB)).toBeDefined();
  expect(hasTurned).toBe(true);
});

test('more passwords than may wait are refused as too busy', async ({ openRules }) => {
  const narrow = openRules();
  const checks = Array.from({ length: 30 }, () => narrow.faultOf('correct horse battery', BOB));
  const outcomes = await Promise.allSettled(checks);
  const rejected = outcomes.filter(({ status }) => status === 'rejected');
  expect(rejected.length).toBeGreaterThan(0);
  for (const outcome of rejected) expect(outcome).toMatchObject({ reason: expect.any(PasswordQueueFull) });
});
