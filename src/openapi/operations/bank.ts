import { z } from 'zod';
import type { BankReason } from '../../bank/problems.ts';
import * as bank from '../../bank/schemas.ts';
import type { Scope } from '../../users/roles.ts';
import { jsonBody } from '../gateway-operation.ts';
import type { Answer, Operation, Parameters } from '../operation.ts';
import { bankRefusals } from '../refusals.ts';

const ofAccount = z.strictObject({ id: bank.accountIdSchema });

interface Reading {
  path: string;
  id: string;
  summary: string;
  answer: Answer;
  parameters?: Parameters;
  own?: readonly BankReason[];
}

const described = (operation: Omit<Operation, 'refusals'>, own: readonly BankReason[]): Operation => ({
  ...operation,
  refusals: bankRefusals(operation, own),
});

const asking = (scope: Scope) => ({ by: 'access-token', scope }) as const;

const reading = ({ path, id, summary, answer, parameters, own = [] }: Reading): Operation =>
  described(
    {
      method: 'get',
      path: `/bank${path}`,
      id,
      group: 'Bank',
      summary,
      access: asking('accounts:read'),
      ...(parameters && { parameters }),
      answers: { 200: answer },
    },
    own,
  );

const ofOneAccount = (what: Reading): Operation =>
  reading({
    ...what,
    path: `/accounts/{id}${what.path}`,
    parameters: { path: ofAccount, ...what.parameters },
    own: ['account_not_found', ...(what.own ?? [])],
  });

/** What the bank answers behind the gateway. Another customer's account is one that doesn't exist. */
export const BANK: readonly Operation[] = [
  reading({
    path: '/accounts',
    id: 'listAccounts',
    summary: 'My accounts',
    answer: { description: 'The accounts.', schema: bank.accountsResponse },
  }),
  ofOneAccount({
    path: '',
    id: 'getAccount',
    summary: 'One account',
    answer: { description: 'The account.', schema: bank.accountSchema },
  }),
  ofOneAccount({
    path: '/transactions',
    id: 'listTransactions',
    summary: 'Transactions, the newest first',
    parameters: { query: bank.transactionsQuery },
    answer: { description: 'A page of transactions.', schema: bank.transactionsResponse },
  }),
  ofOneAccount({
    path: '/transactions/search',
    id: 'searchTransactions',
    summary: 'Search by counterparty, description or type',
    parameters: { query: bank.searchQuery },
    answer: { description: 'What was found.', schema: bank.searchResponse },
  }),
  ofOneAccount({
    path: '/balance',
    id: 'listBalances',
    summary: 'The balance over time',
    parameters: { query: bank.balanceQuery },
    answer: { description: 'Points in time.', schema: bank.balanceResponse },
  }),
  ofOneAccount({
    path: '/spenders',
    id: 'listSpenders',
    summary: 'Where the money went, the biggest first',
    parameters: { query: bank.spendersQuery },
    answer: { description: 'The counterparties.', schema: bank.spendersResponse },
  }),
  ofOneAccount({
    path: '/stream',
    id: 'streamTransactions',
    summary: 'Each new transaction as it happens (server-sent events)',
    parameters: { header: bank.streamHeaders },
    answer: {
      description: 'Events whose `data` is a Transaction and whose `id` is its id. It ends with the session.',
      schema: z.string(),
      mediaType: 'text/event-stream',
    },
    own: ['header_wrong'],
  }),
  described(
    {
      method: 'post',
      path: '/bank/accounts/{id}/transfers',
      id: 'transfer',
      group: 'Bank',
      summary: 'Move money from my account to another',
      details:
        'The same `Idempotency-Key` with the same request is answered the same again, and moves nothing.',
      access: asking('transfers:write'),
      parameters: { path: ofAccount, header: bank.transferHeaders },
      body: jsonBody(bank.transferBody),
      answers: {
        201: { description: "The transaction in the payer's account.", schema: bank.transactionSchema },
      },
    },
    [
      'account_not_found',
      'not_owner',
      'header_wrong',
      'idempotency_key_missing',
      'idempotency_key_reused',
      'transfer_to_self',
      'destination_unknown',
      'currency_mismatch',
      'insufficient_funds',
      'balance_limit',
    ],
  ),
];
