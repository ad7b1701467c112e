import { expect, test } from 'vitest';
import { createNameLookUp } from '../../../src/web/features/admin/user-names.ts';
import { until } from '../../support/until.ts';

test('each name is asked for once, and one that there is not stays unknown', async () => {
  const asked: string[] = [];
  const lookUp = createNameLookUp(async (id) => {
    asked.push(id);
    return id === 'nobody' ? undefined : `name of ${id}`;
  });
  lookUp.learn('known', 'already');
  lookUp.want(['a', 'nobody', 'known']);
  lookUp.want(['a', 'nobody', 'b']);
  await until(() => lookUp.known.get().size === 3);
  lookUp.want(['a', 'nobody', 'b', 'known']);
  expect(asked).toEqual(['a', 'nobody', 'b']);
  expect(Object.fromEntries(lookUp.known.get())).toEqual({
    a: 'name of a',
    b: 'name of b',
    known: 'already',
  });
});

test('what could not be asked is asked again, but not by itself', async () => {
  let tries = 0;
  const lookUp = createNameLookUp(async () => {
    tries += 1;
    if (tries === 1) throw new Error('the service does not answer');
    return 'name';
  });
  lookUp.want(['a']);
  await until(() => tries === 1);
  lookUp.want([]);
  expect(tries).toBe(1);
  lookUp.want(['a']);
  await until(() => lookUp.known.get().get('a') === 'name');
});

test('no more than four are asked for at one time', async () => {
  const answers: (() => void)[] = [];
  const lookUp = createNameLookUp(
    (id) => new Promise((resolve) => answers.push(() => resolve(`name of ${id}`))),
  );
  lookUp.want(['a', 'b', 'c', 'd', 'e', 'f']);
  expect(answers).toHaveLength(4);
  answers[0]?.();
  await until(() => answers.length === 5);
  expect(lookUp.known.get().size).toBe(1);
});
