import { expect, test } from 'vitest';
import { detailWords, lookedBackTo, userIdsIn } from '../../../src/web/features/admin/audit-labels.ts';

const [ADA, BOB] = ['Nf0ml-9t9kw-lvKMCgawlg', 'EqIMRfdOW8c_Jvik6Np6jw'];

test('a reason is read as words, and everything else as it is', () => {
  expect(detailWords('rank_too_low')).toBe('rank too low');
  expect(detailWords('super-admin')).toBe('super-admin');
  expect(detailWords('ended for it: a_b_c')).toBe('ended for it: a_b_c');
  expect(detailWords('Aq_jvik')).toBe('Aq_jvik');
});

test('names are looked up once for each user, and never for clients, keys and the command line', () => {
  expect(
    userIdsIn([
      { action: 'user_block', actor: ADA, subject: BOB },
      { action: 'login', actor: BOB },
      { action: 'client_add', actor: 'operator', subject: 'EqIMRfdOW8c_Jvik6Np6jx' },
      { action: 'key_add', actor: ADA, subject: 'EqIMRfdOW8c_Jvik6Np6jy' },
      { action: 'client_auth', subject: 'my-service' },
      {},
    ]),
  ).toEqual([ADA, BOB]);
});

test('how far back a page has looked is read from its cursor', () => {
  expect(lookedBackTo('1767225600123-4')).toBe('2026-01-01T00:00:00.123Z');
  expect(lookedBackTo('nonsense')).toBeUndefined();
  expect(lookedBackTo('99999999999999999-0')).toBeUndefined();
});
