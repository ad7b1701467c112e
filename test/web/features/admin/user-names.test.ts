import { expect, test } from 'vitest';
import { createUserNameLookup } from '../../../../src/web/features/admin/user-names.ts';
import { until } from '../../../support/until.ts';

test('each name is requested once, and an unknown id stays unknown', async () => {
  const asked: string[] = [];
  const lookup = createUserNameLookup(async (id) => {
    asked.push(id);
    return id === 'nobody' ? undefined : `name of ${id}`;
  });
  lookup.add('known', 'already');
  lookup.request(['a', 'nobody', 'known']);
  lookup.request(['a', 'nobody', 'b']);
  await until(() => lookup.names.get().size === 3);
  lookup.request(['a', 'nobody', 'b', 'known']);
  expect(asked).toEqual(['a', 'nobody', 'b']);
  expect(Object.fromEntries(lookup.names.get())).toEqual({
    a: 'name of a',
    b: 'name of b',
    known: 'already',
  });
});

test('a failed lookup is repeated, but only on the next request', async () => {
  let tries = 0;
  const lookup = createUserNameLookup(async () => {
    tries += 1;
    if (tries === 1) throw new Error('the service does not respond');
    return 'name';
  });
  lookup.request(['a']);
  await until(() => tries === 1);
  lookup.request([]);
  expect(tries).toBe(1);
  lookup.request(['a']);
  await until(() => lookup.names.get().get('a') === 'name');
});

test('at most four lookups run concurrently', async () => {
  const responses: (() => void)[] = [];
  const lookup = createUserNameLookup(
    (id) => new Promise((resolve) => responses.push(() => resolve(`name of ${id}`))),
  );
  lookup.request(['a', 'b', 'c', 'd', 'e', 'f']);
  expect(responses).toHaveLength(4);
  responses[0]?.();
  await until(() => responses.length === 5);
  expect(lookup.names.get().size).toBe(1);
});
