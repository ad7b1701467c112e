import { expect, test } from 'vitest';
import { ROLES, type Role, scopesOf } from '../../src/users/roles.ts';

test('each role has all scopes of the previous one, and more', () => {
  for (let rank = 1; rank < ROLES.length; rank += 1) {
    const [lower, higher] = [scopesOf(ROLES[rank - 1] as Role), scopesOf(ROLES[rank] as Role)];
    expect(lower.isSubsetOf(higher)).toBe(true);
    expect(higher.size).toBeGreaterThan(lower.size);
  }
});

test('only super-admins can change roles, and users can read only their own accounts', () => {
  expect(ROLES.filter((role) => scopesOf(role).has('roles:manage'))).toEqual(['super-admin']);
  expect(scopesOf('user').has('accounts:read-any')).toBe(false);
});

test('an unknown role has no scopes', () => {
  expect(scopesOf('emperor' as Role).size).toBe(0);
});
