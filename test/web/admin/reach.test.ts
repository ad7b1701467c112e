import { expect, test } from 'vitest';
import { mayActOn } from '../../../src/identity/rank.ts';
import { ROLES as SERVER_ROLES } from '../../../src/identity/roles.ts';
import { ROLES, whyNot } from '../../../src/web/features/admin/role-rules.ts';

const pairs = SERVER_ROLES.flatMap((mine) => SERVER_ROLES.map((theirs) => [mine, theirs] as const));

test("the page knows the server's roles, in their order", () => {
  expect(ROLES).toEqual([...SERVER_ROLES]);
});

test.each(pairs)('what the page offers a %s for a %s is what the server allows', (mine, theirs) => {
  const [me, them] = [
    { id: 'me', role: mine },
    { id: 'them', role: theirs },
  ];
  expect(whyNot(me, them) === undefined).toBe(mayActOn(me, them) === undefined);
  expect(whyNot(me, { ...them, id: 'me' })).toMatch(/your own account/);
});

test('who may not act is told both roles', () => {
  const why = whyNot({ id: 'me', role: 'admin' }, { id: 'them', role: 'super-admin' });
  expect(why).toMatch(/Your role is admin, and this user's is super-admin/);
});
