import { describe, expect } from 'vitest';
import { balanceResponse, spendersResponse } from '../../src/bank/schemas.ts';
import { bankTest } from './bank-under-test.ts';
import { leg, posted, postSeries } from './postings.ts';

const START_MS = Date.parse('2026-03-01T12:00:00Z');
const SECOND_MS = 1000;

const test = bankTest()
  .extend(
    'balance',
    ({ bank, path }) =>
      async (query = '') =>
        balanceResponse.parse((await bank.ask('bob', `${path}/balance${query}`)).body),
  )
  .extend(
    'spenders',
    ({ bank, path }) =>
      async (query = '') =>
        spendersResponse.parse((await bank.ask('bob', `${path}/spenders${query}`)).body),
  );

describe('balance', () => {
  test('is every point, oldest first, if there are no more than requested', async ({
    bank,
    account,
    balance,
  }) => {
    const series = await postSeries(bank.link, account.id, START_MS, 3);
    expect(await balance('?points=4')).toEqual([
      { x: Date.parse(account.openedAt), y: 10_000_000 },
      ...series.map(({ at, balanceAfterMinor }) => ({ x: Date.parse(at), y: balanceAfterMinor })),
    ]);
  });

  test('is down-sampled to the requested number of points, and keeps the first and the last', async ({
    bank,
    account,
    balance,
  }) => {
    const series = await postSeries(bank.link, account.id, START_MS, 50);
    const points = await balance(`?from=${START_MS}&points=8`);
    const real = series.map(({ at, balanceAfterMinor }) => ({ x: Date.parse(at), y: balanceAfterMinor }));
    expect(points).toHaveLength(8);
    expect([points[0], points.at(-1)]).toEqual([real[0], real.at(-1)]);
    for (const point of points) expect(real).toContainEqual(point);
    expect(points.map(({ x }) => x)).toEqual(points.map(({ x }) => x).toSorted((a, b) => a - b));
    expect(new Set(points.map(({ x }) => x)).size).toBe(8);
  });

  test('has at most one point per span with postings, besides the first', async ({
    bank,
    account,
    balance,
  }) => {
    const burst = leg(account.id, { amountMinor: 1 });
    for (let n = 0; n < 40; n++) await posted(bank.link, burst, START_MS);
    await posted(bank.link, burst, START_MS + 100 * SECOND_MS);
    const points = await balance(`?from=${START_MS}&points=10`);
    expect(points).toEqual([
      { x: START_MS, y: 9_999_999 },
      { x: START_MS, y: 9_999_960 },
      { x: START_MS + 100 * SECOND_MS, y: 9_999_959 },
    ]);
  });

  test('is limited to the time range, and empty without postings', async ({ bank, account, balance }) => {
    await postSeries(bank.link, account.id, START_MS, 6);
    const span = await balance(`?from=${START_MS + 2000}&to=${START_MS + 3000}`);
    expect(span.map(({ x }) => x)).toEqual([START_MS + 2000, START_MS + 3000]);
    expect(await balance(`?from=${START_MS + 60_000}`)).toEqual([]);
  });
});

describe('spenders', () => {
  test('are the five biggest by default, biggest first', async ({ bank, account, spenders }) => {
    for (const [index, name] of ['A', 'B', 'C', 'D', 'E', 'F'].entries())
      await posted(bank.link, leg(account.id, { counterparty: name, amountMinor: (index + 1) * 10 }));
    await posted(bank.link, leg(account.id, { counterparty: 'A', amountMinor: 1000 }));
    const five = await spenders();
    expect(five.spenders.map(({ counterparty }) => counterparty)).toEqual(['A', 'F', 'E', 'D', 'C']);
    expect(await spenders('?limit=1')).toEqual({
      currency: 'EUR',
      spenders: [{ counterparty: 'A', amountMinor: 1010 }],
    });
  });
});
