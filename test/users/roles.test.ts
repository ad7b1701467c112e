import { expect, test } from 'vitest';
import { ROLES, type Role, scopesOf } from '../../src/users/roles.ts';

test('each role may do all that the one before it may, and something more', () => {
  for (let rank = 1; rank < ROLES.length; rank += 1) {
    const [lower, higher] = [scopesOf(ROLES[rank - 1] as Role), scopesOf(ROLES[rank] as Role)];
    expect(lower.isSubsetOf(higher)).toBe(true);
    expect(higher.size).toBeGreaterThan(lower.size);
  }
});

test('only a super-admin may change roles, and a user reads no account but their own', () => {
  expect(ROLES.filter((role) => scopesOf(role).has('roles:manage'))).toEqual(['super-admin']);
  expect(scopesOf('user').has('accounts:read-any')).toBe(false);
});

test('a role that is not known may do nothing', () => {
  expect(scopesOf('emperor' as Role).size).toBe(0);
});
