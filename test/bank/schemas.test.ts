import { expect, test } from 'vitest';
import { z } from 'zod';
import * as schemas from '../../src/bank/schemas.ts';

const all = Object.entries(schemas).flatMap(([name, value]) =>
  value instanceof z.ZodType ? [{ name, schema: value }] : [],
);

test.each(all)('the input of $name can be expressed as JSON Schema', ({ schema }) => {
  expect(z.toJSONSchema(schema, { io: 'input' })).toHaveProperty('$schema');
});

test('a cursor is decoded to its transaction, in one encoding only', () => {
  const cursor = schemas.encodeCursor('1772366400250-0');
  expect(schemas.transactionsQuery.parse({ cursor }).cursor).toBe('1772366400250-0');
  for (const other of [`${cursor}=`, ` ${cursor}`, cursor.slice(0, -1), '1772366400250-0'])
    expect(schemas.transactionsQuery.safeParse({ cursor: other }).success).toBe(false);
});
