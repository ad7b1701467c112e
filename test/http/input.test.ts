import { expect, test } from 'vitest';
import { z } from 'zod';
import { checkInput } from '../../src/http/input.ts';
import { Refusal } from '../../src/refusal.ts';

const schema = z.strictObject({
  name: z.string().min(2).max(4),
  kind: z.enum(['debit', 'credit']),
  ranges: z.array(z.string()).max(1).default([]),
  count: z.int().max(9).default(0),
});
const GOOD = { name: 'abc', kind: 'debit' };

test.each([
  [{ kind: 'debit' }, 'name', 'is required'],
  [{ ...GOOD, name: 1 }, 'name', 'must be of type string'],
  [{ ...GOOD, name: 'a' }, 'name', 'must be at least 2 characters'],
  [{ ...GOOD, name: 'abcde' }, 'name', 'must be at most 4 characters'],
  [{ ...GOOD, kind: 'gift' }, 'kind', 'must be debit or credit'],
  [{ ...GOOD, ranges: ['a', 'b'] }, 'ranges', 'must be at most 1 items'],
  [{ ...GOOD, count: 10 }, 'count', 'must be at most 9'],
  [{ ...GOOD, extra: 1 }, 'extra', 'is not a known field'],
  ['text', '', 'must be of type object'],
])('%j is refused: the field "%s" %s', (value, field, message) => {
  const refusal = checkInput(schema, value, 'body_wrong');
  expect(refusal).toBeInstanceOf(Refusal);
  expect((refusal as Refusal<'body_wrong'>).errors).toEqual([{ field, message }]);
});
