import { expect, test } from 'vitest';
import { AcknowledgedActions } from '../../soak/model/audit.ts';
import {
  type LedgerAccount,
  type LedgerTransaction,
  moneyFaults,
  type Transfer,
} from '../../soak/model/money.ts';

const transfer = (outcome: Transfer['outcome']): Transfer => ({
  mark: 't1',
  from: 'a',
  to: 'b',
  amountMinor: 30,
  outcome,
});

const leg = (direction: 'debit' | 'credit', mark = 't1', amountMinor = 30): LedgerTransaction => ({
  mark,
  direction,
  amountMinor,
});

/** Two accounts with an opening balance of 100 each, and the balances that their transactions make. */
function ledger(a: readonly LedgerTransaction[], b: readonly LedgerTransaction[]): LedgerAccount[] {
  const balance = (legs: readonly LedgerTransaction[]): number =>
    legs.reduce((sum, one) => sum + (one.direction === 'debit' ? -one.amountMinor : one.amountMinor), 100);
  return [
    { id: 'a', openingMinor: 100, balanceMinor: balance(a), transactions: a },
    { id: 'b', openingMinor: 100, balanceMinor: balance(b), transactions: b },
  ];
}

const once = ledger([leg('debit')], [leg('credit')]);
const never = ledger([], []);
const twice = ledger([leg('debit'), leg('debit')], [leg('credit'), leg('credit')]);

test.for([
  ['an acknowledged transfer that is posted once', 'posted', once],
  ['a transfer with an unknown outcome that is posted once', 'unknown', once],
  ['a transfer with an unknown outcome that is not posted', 'unknown', never],
  ['a refused transfer that is not posted', 'refused', never],
] as const)('%s is right', ([_what, outcome, accounts]) => {
  expect(moneyFaults([transfer(outcome)], accounts)).toEqual([]);
});

test.for([
  ['an acknowledged transfer that is lost', 'posted', never, 'transfer t1 (posted) is lost'],
  [
    'an acknowledged transfer that is posted twice',
    'posted',
    twice,
    'transfer t1 (posted) is posted 2 times',
  ],
  ['an unknown transfer that is posted twice', 'unknown', twice, 'transfer t1 (unknown) is posted 2 times'],
  ['a refused transfer that is posted', 'refused', once, 'transfer t1 (refused) is posted'],
] as const)('%s is found', ([_what, outcome, accounts, fault]) => {
  expect(moneyFaults([transfer(outcome)], accounts)).toEqual([fault]);
});

test('a transfer that reaches only one account is found, and that the sum has changed', () => {
  expect(moneyFaults([transfer('posted')], ledger([leg('debit')], []))).toEqual([
    'the sum of all balances was 200 and is 170',
    'transfer t1 (posted) is posted on one side only, or wrongly',
  ]);
});

test('a balance that its transactions do not make is found', () => {
  const [a, b] = ledger([leg('debit')], [leg('credit')]) as [LedgerAccount, LedgerAccount];
  const accounts = [
    { ...a, balanceMinor: 71 },
    { ...b, balanceMinor: 129 },
  ];
  expect(moneyFaults([transfer('posted')], accounts)).toEqual([
    'the balance of account a is 71, and its transactions make it 70',
    'the balance of account b is 129, and its transactions make it 130',
  ]);
});

test('a transaction without a transfer is found', () => {
  expect(moneyFaults([], once)).toEqual(['transaction t1 belongs to no transfer']);
});

test('an acknowledged transfer may only be lost where the topology states it', () => {
  expect(moneyFaults([transfer('posted')], never, { mayLose: true })).toEqual([]);
});

test('an acknowledged action without its own audit record is found', () => {
  const actions = new AcknowledgedActions();
  actions.add('logout', 's1');
  actions.add('user_block', 'bob');
  actions.add('user_block', 'bob');
  const block = { action: 'user_block', result: 'done', subject: 'bob' };
  expect(
    actions.missingFrom([
      block,
      { ...block, result: 'refused' },
      { action: 'login', result: 'done', session: 's1' },
    ]),
  ).toEqual(['1 × logout s1 has no audit record', '1 × user_block bob has no audit record']);
  expect(actions.missingFrom([block, block, { action: 'logout', result: 'done', session: 's1' }])).toEqual(
    [],
  );
});
