import { z } from 'zod';
import { jsonBody, type Operation, ok, withScope } from '../http/operation.ts';
import type { BankReason } from './problems.ts';
import * as schemas from './schemas.ts';

const idParameters = z.strictObject({ id: schemas.accountIdSchema });

type Reading = Pick<Operation<BankReason>, 'path' | 'id' | 'summary' | 'responses'> &
  Partial<Operation<BankReason>>;

const reading = (operation: Reading): Operation<BankReason> => ({
  method: 'get',
  tag: 'Bank',
  access: withScope('accounts:read'),
  ...operation,
});

const readingAccount = ({ path, parameters, refusals = [], ...operation }: Reading): Operation<BankReason> =>
  reading({
    ...operation,
    path: `/accounts/{id}${path}`,
    parameters: { path: idParameters, ...parameters },
    refusals: ['account_not_found', ...refusals],
  });

/** The bank's routes. The account of another customer gets the same response as an unknown one. */
export const BANK_OPERATIONS: readonly Operation<BankReason>[] = [
  reading({
    path: '/accounts',
    id: 'listAccounts',
    summary: 'List your accounts',
    responses: ok('The accounts.', schemas.accountsResponse),
  }),
  readingAccount({
    path: '',
    id: 'getAccount',
    summary: 'Get an account',
    responses: ok('The account.', schemas.accountSchema),
  }),
  readingAccount({
    path: '/transactions',
    id: 'listTransactions',
    summary: 'List transactions, newest first',
    parameters: { query: schemas.transactionsQuery },
    responses: ok('A page of transactions.', schemas.transactionsResponse),
    refusals: ['too_many_searches'],
  }),
  readingAccount({
    path: '/transactions/search',
    id: 'searchTransactions',
    summary: 'Search transactions by counterparty, description or type',
    parameters: { query: schemas.searchQuery },
    responses: ok('The matching transactions.', schemas.searchResponse),
    refusals: ['too_many_searches'],
  }),
  readingAccount({
    path: '/balance',
    id: 'listBalances',
    summary: 'Get the balance over time',
    parameters: { query: schemas.balanceQuery },
    responses: ok('Points in time.', schemas.balanceResponse),
  }),
  readingAccount({
    path: '/spenders',
    id: 'listSpenders',
    summary: 'List counterparties by amount spent, largest first',
    parameters: { query: schemas.spendersQuery },
    responses: ok('The counterparties.', schemas.spendersResponse),
  }),
  readingAccount({
    path: '/stream',
    id: 'streamTransactions',
    summary: 'Stream new transactions as they happen (server-sent events)',
    parameters: { header: schemas.streamHeaders },
    responses: {
      200: {
        description:
          'Events whose `data` is a Transaction and whose `id` is its id. The stream ends with the session.',
        schema: z.string(),
        mediaType: 'text/event-stream',
      },
    },
    refusals: ['header_wrong', 'too_many_streams'],
  }),
  {
    method: 'post',
    path: '/accounts/{id}/transfers',
    id: 'transfer',
    tag: 'Bank',
    summary: 'Transfer money to another account',
    description:
      'Repeating a request with the same `Idempotency-Key` returns the first response and transfers nothing.',
    access: withScope('transfers:write'),
    parameters: { path: idParameters, header: schemas.transferHeaders },
    body: jsonBody(schemas.transferBody),
    responses: {
      201: { description: "The transaction in the payer's account.", schema: schemas.transactionSchema },
    },
    refusals: [
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
      'too_many_transfers',
      'transfer_not_durable',
    ],
  },
];
