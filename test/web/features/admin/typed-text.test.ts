import { expect, test } from 'vitest';
import {
  matchUser,
  noMatchText,
  parseRanges,
  rangesError,
} from '../../../../src/web/features/admin/typed-text.ts';

const users = [{ username: 'Bob' }, { username: 'bobby' }];

test('a user is found by the whole username, in any form that the login accepts', () => {
  expect(matchUser('bOB', users)).toEqual({ found: { username: 'Bob' } });
  expect(matchUser('Ｂｏｂ', users)).toEqual({ found: { username: 'Bob' } });
  expect(matchUser('bobb', users)).toEqual({ similar: ['Bob', 'bobby'] });
});

test('if there is no such user, similar usernames are suggested', () => {
  expect(noMatchText('bo', ['bob', 'bobby'])).toBe('There is no user “bo”. Did you mean bob, bobby?');
  expect(noMatchText('zz', [])).toBe('There is no user “zz”.');
});

test('address ranges are one per line, and empty lines are ignored', () => {
  expect(parseRanges(' 10.0.0.0/8 \n\n\t\n::1\r\n')).toEqual(['10.0.0.0/8', '::1']);
  expect(parseRanges(' \n')).toEqual([]);
});

test('a validation message names its range, unless it is about all of them', () => {
  const ranges = ['10.0.0.0/8', 'foo', 'bar'];
  const errors = [
    { field: 'ranges.1', message: 'must be an address' },
    { field: 'ranges.2', message: 'must be an address' },
    { field: 'ranges', message: 'too many' },
    { field: 'ranges.7', message: 'is odd' },
  ];
  expect(rangesError(errors, ranges)).toBe(
    '“foo” must be an address; “bar” must be an address; too many; is odd',
  );
});
