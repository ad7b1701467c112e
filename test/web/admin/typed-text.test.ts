import { expect, test } from 'vitest';
import { matchOf, nobodyText, rangesFault, rangesOf } from '../../../src/web/features/admin/typed-text.ts';

const users = [{ username: 'Bob' }, { username: 'bobby' }];

test('a user is found by the whole name, in any spelling that logs them in', () => {
  expect(matchOf('bOB', users)).toEqual({ found: { username: 'Bob' } });
  expect(matchOf('Ｂｏｂ', users)).toEqual({ found: { username: 'Bob' } });
  expect(matchOf('bobb', users)).toEqual({ near: ['Bob', 'bobby'] });
});

test('when nobody has the name, names that begin like it are told', () => {
  expect(nobodyText('bo', ['bob', 'bobby'])).toBe(
    'There is no user “bo”. Names that begin like it: bob, bobby.',
  );
  expect(nobodyText('zz', [])).toBe('There is no user “zz”.');
});

test('address ranges are lines, and empty ones are none', () => {
  expect(rangesOf(' 10.0.0.0/8 \n\n\t\n::1\r\n')).toEqual(['10.0.0.0/8', '::1']);
  expect(rangesOf(' \n')).toEqual([]);
});

test('what is wrong with a range names it, and what is wrong with all of them does not', () => {
  const ranges = ['10.0.0.0/8', 'foo', 'bar'];
  const errors = [
    { field: 'ranges.1', message: 'wants an address' },
    { field: 'ranges.2', message: 'wants an address' },
    { field: 'ranges', message: 'too many' },
    { field: 'ranges.7', message: 'is odd' },
  ];
  expect(rangesFault(errors, ranges)).toBe(
    '“foo” wants an address; “bar” wants an address; too many; is odd',
  );
});
