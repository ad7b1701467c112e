import { expect, test } from 'vitest';
import { hrefOf, parseRoute } from '../../src/web/route.ts';

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
] as const)('%s is parsed as a route and is the link to it', (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
  expect(hrefOf(route)).toBe(hash === '' ? '#/' : hash);
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
])('%s is not a route', (hash) => {
  expect(parseRoute(hash)).toEqual({ page: 'unknown' });
});

test('unknown filters of the audit page are ignored', () => {
  expect(parseRoute('#/admin/audit?user=&page=reset&action=login')).toEqual({
    page: 'audit',
    action: 'login',
  });
});

test('a confirmation token is read in full', () => {
  expect(parseRoute('#email=Zm9v.YmFy_-')).toEqual({ page: 'email', token: 'Zm9v.YmFy_-' });
});

test('a reset token is read in full', () => {
  expect(parseRoute('#reset=eyJhbGciOi.eyJ_-.sig-_')).toEqual({
    page: 'reset',
    token: 'eyJhbGciOi.eyJ_-.sig-_',
  });
});
