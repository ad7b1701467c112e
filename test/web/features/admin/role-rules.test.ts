import { expect, test } from 'vitest';
import { mayActOn, ROLES as SERVER_ROLES } from '../../../../src/users/roles.ts';
import { ROLES, whyNotManageable } from '../../../../src/web/features/admin/role-rules.ts';

const pairs = SERVER_ROLES.flatMap((mine) => SERVER_ROLES.map((theirs) => [mine, theirs] as const));

test("the page lists the server's roles in the same order", () => {
  expect(ROLES).toEqual([...SERVER_ROLES]);
});

test.each(pairs)('the page lets a %s manage a %s exactly if the server does', (mine, theirs) => {
  const [me, them] = [
    { id: 'me', role: mine },
    { id: 'them', role: theirs },
  ];
  expect(whyNotManageable(me, them) === undefined).toBe(mayActOn(me, them) === undefined);
  expect(whyNotManageable(me, { ...them, id: 'me' })).toMatch(/your own account/);
});

test('the reason names both roles', () => {
  const why = whyNotManageable({ id: 'me', role: 'admin' }, { id: 'them', role: 'super-admin' });
  expect(why).toMatch(/Your role is admin, and this user's role is super-admin/);
});
