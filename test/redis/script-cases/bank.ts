import { takeTurn } from '../../../src/bank/demo/generator.ts';
import { openAccount } from '../../../src/bank/ledger/accounts.ts';
import { balancePoints } from '../../../src/bank/ledger/figures.ts';
import { post, transfer } from '../../../src/bank/ledger/post.ts';
import type { RedisLink } from '../../../src/redis/connection.ts';
import { LEDGER_OPTIONS, leg, openTestAccount, postSeries } from '../../bank/postings.ts';
import type { ScriptCase } from '../script-trial.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const GENERATOR = { ...LEDGER_OPTIONS, intervalMs: 60_000, seed: 7 };

const open = (link: RedisLink, id: string) =>
  openAccount(
    link,
    { id, ownerId: 'bob', name: 'Bob', currency: 'EUR', openingBalanceMinor: 1000, generated: true },
    NOW_MS,
  );

/** Two accounts with transactions; then transfers with the same idempotency key, one after the other. */
const transferring =
  (amounts: readonly number[], options = LEDGER_OPTIONS) =>
  async (link: RedisLink): Promise<void> => {
    const from = await openTestAccount(link, { id: 'from', balanceMinor: 1000 });
    const to = await openTestAccount(link, { id: 'to', balanceMinor: 1000 });
    for (const { id } of [from, to]) await postSeries(link, id, NOW_MS, 2);
    for (const [n, amountMinor] of amounts.entries()) {
      const order = { from, to, amountMinor, description: 'Rent', idempotencyKey: `key-${n}` };
      await transfer(link, order, options, NOW_MS + n);
    }
  };

const posting = (when: string, run: ScriptCase['run']): ScriptCase => ({ script: 'ledger-post', when, run });

export const BANK_CASES: readonly ScriptCase[] = [
  { script: 'ledger-open-account', when: 'the first account', run: (link) => open(link, 'one') },
  {
    script: 'ledger-open-account',
    when: 'another account of the owner',
    run: async (link) => {
      await open(link, 'one');
      await open(link, 'two');
    },
  },
  {
    script: 'ledger-last-of-spans',
    when: 'a chart',
    run: async (link) => {
      const { id } = await openTestAccount(link);
      await postSeries(link, id, NOW_MS, 5);
      await balancePoints(link, id, { from: undefined, to: undefined, points: 2 });
    },
  },
  posting('a transfer', transferring([100])),
  posting('a second transfer', transferring([100, 200])),
  posting('a transfer without funds', transferring([1_000_000])),
  posting(
    'a transfer over the daily maximum',
    transferring([1, 1], { ...LEDGER_OPTIONS, transfersPerDayMax: 1 }),
  ),
  posting('a debit and a credit of one account', async (link) => {
    const { id } = await openTestAccount(link);
    const legs = [leg(id), leg(id, { direction: 'credit' })] as const;
    await post(link, { legs }, LEDGER_OPTIONS, NOW_MS);
  }),
  {
    script: 'generator-take-turn',
    when: 'a later turn',
    run: async (link) => {
      await open(link, 'one');
      await takeTurn(link, { ...GENERATOR, intervalMs: 1 }, NOW_MS);
      await link.run((client) => client.del('ledger:{bank}:generator-turn'));
      await takeTurn(link, GENERATOR, NOW_MS);
    },
  },
];
