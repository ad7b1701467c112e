import { describe, expect } from 'vitest';
import { bankTest } from './bank-under-test.ts';

const test = bankTest();

describe('an invalid query is 400 and names the field', () => {
  test.for([
    ['?x=1', 'x'],
    ['/transactions?limit=0', 'limit'],
    ['/transactions?limit=101', 'limit'],
    ['/transactions?limit=-1', 'limit'],
    ['/transactions?limit=1e1', 'limit'],
    ['/transactions?limit=007', 'limit'],
    ['/transactions?limit=', 'limit'],
    ['/transactions?limit=1&limit=2', 'limit'],
    ['/transactions?cursor=abc', 'cursor'],
    ['/transactions?cursor=MS0x%3D', 'cursor'],
    [`/transactions?cursor=${Buffer.from('99999999999999999999-1').toString('base64url')}`, 'cursor'],
    ['/transactions?cursor=MC0w', 'cursor'],
    [`/transactions?cursor=${Buffer.from('00-000').toString('base64url')}`, 'cursor'],
    [`/transactions?cursor=${'A'.repeat(5000)}`, 'cursor'],
    ['/transactions?type=Groceries', 'type'],
    ['/transactions?type=%00', 'type'],
    ['/transactions?from=yesterday', 'from'],
    ['/transactions?from=-1', 'from'],
    ['/transactions?from=1e20', 'from'],
    ['/transactions?from=1969-12-31T23:59:59Z', 'from'],
    ['/transactions?to=9999999999999999', 'to'],
    ['/transactions?from=2&to=1', 'from'],
    ['/transactions?__proto__=1', '__proto__'],
    ['/transactions/search', 'term'],
    ['/transactions/search?term=ab', 'term'],
    ['/transactions/search?term=%20%20ab%20', 'term'],
    [`/transactions/search?term=${'a'.repeat(101)}`, 'term'],
    ['/transactions/search?term=abc&term=abd', 'term'],
    ['/transactions/search?term=abc&limit=500', 'limit'],
    ['/balance?points=1', 'points'],
    ['/balance?points=1001', 'points'],
    ['/balance?to=%27', 'to'],
    ['/spenders?limit=51', 'limit'],
    ['/stream?after=1', 'after'],
  ])('%s', async ([rest, field], { bank, path }) => {
    const response = await bank.ask('bob', path + rest);
    expect(response).toMatchObject({
      status: 400,
      body: { code: 'query_invalid', status: 400, type: 'urn:portcullis:problem:query_invalid' },
    });
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.body.errors).toEqual([
      { field, message: expect.stringMatching(/^(must|is not a known field)/) },
    ]);
  });
});
