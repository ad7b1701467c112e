import { expect, test } from 'vitest';
import { detailText, searchedBackTo, userIdsIn } from '../../../../src/web/features/admin/audit-labels.ts';

const [ADA, BOB] = ['Nf0ml-9t9kw-lvKMCgawlg', 'EqIMRfdOW8c_Jvik6Np6jw'];

test('a reason code is shown as words, and any other detail unchanged', () => {
  expect(detailText('rank_too_low')).toBe('rank too low');
  expect(detailText('super-admin')).toBe('super-admin');
  expect(detailText('ended for it: a_b_c')).toBe('ended session a_b_c');
  expect(detailText('Aq_jvik')).toBe('Aq_jvik');
});

test('names are looked up once per user, and never for clients, keys and the command line', () => {
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

test('the oldest searched instant is read from the cursor', () => {
  expect(searchedBackTo('1767225600123-4')).toBe('2026-01-01T00:00:00.123Z');
  expect(searchedBackTo('nonsense')).toBeUndefined();
  expect(searchedBackTo('99999999999999999-0')).toBeUndefined();
});
