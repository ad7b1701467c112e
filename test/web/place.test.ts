import { expect, test } from 'vitest';
import { hrefOf, placeOf } from '../../src/web/route.ts';

test.each([
  ['', { page: 'dashboard' }],
  ['#/', { page: 'dashboard' }],
  ['#/sessions', { page: 'sessions' }],
  ['#/forgotten', { page: 'forgotten' }],
  ['#/accounts/z0wcr-NPwKTrzCC6FVrg36', { page: 'account', id: 'z0wcr-NPwKTrzCC6FVrg36' }],
  ['#/admin/users', { page: 'users' }],
  ['#/admin/users/YgEOZhl7VbjVG4kJPSzTOg', { page: 'user', id: 'YgEOZhl7VbjVG4kJPSzTOg' }],
  ['#/admin/audit', { page: 'audit' }],
  ['#/admin/audit?user=YgEO&action=login', { page: 'audit', user: 'YgEO', action: 'login' }],
  ['#/admin/audit?action=login', { page: 'audit', action: 'login' }],
] as const)('%s is a place, and the place leads there', (hash, place) => {
  expect(placeOf(hash)).toEqual(place);
  expect(hrefOf(place)).toBe(hash === '' ? '#/' : hash);
});

test.each([
  '#/nowhere',
  '#/accounts/',
  '#/accounts/a/../b',
  '#/admin',
  '#/admin/users/',
  '#/admin/users/a/b',
  '#/admin/users/%2e%2e',
  '#sessions',
  '#reset=',
])('%s is no place', (hash) => {
  expect(placeOf(hash)).toEqual({ page: 'unknown' });
});

test('a filter that the audit page does not know is left out', () => {
  expect(placeOf('#/admin/audit?user=&page=reset&action=login')).toEqual({ page: 'audit', action: 'login' });
});

test('the token of a reset link is taken whole', () => {
  expect(placeOf('#reset=eyJhbGciOi.eyJ_-.sig-_')).toEqual({
    page: 'reset',
    token: 'eyJhbGciOi.eyJ_-.sig-_',
  });
});
