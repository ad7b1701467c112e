import type { Handler } from 'hono';
import type { z } from 'zod';
import { checkInput, checkQuery, parseJsonBody } from '../http/input.ts';
import { ledgerMarkerKey } from '../redis/keys.ts';
import type { ReplicaConfirmation } from '../redis/replication/confirmation.ts';
import type { RedisStore } from '../redis/store.ts';
import type { FieldError } from '../refusal.ts';
import { Refusal } from '../refusal.ts';
import { lacksScope, visibleAccount } from './caller.ts';
import { readAccount } from './ledger/accounts.ts';
import { type LedgerOptions, type Posted, transfer } from './ledger/post.ts';
import { type BankContext, type BankEnv, type BankReason, type BankRefusal, refuse } from './problems.ts';
import { type Account, noQuery, transferBody, transferHeaders } from './schemas.ts';

export interface TransferDeps {
  link: RedisStore;
  options: LedgerOptions;
  /** Waits until enough servers have a transfer. */
  confirmation: ReplicaConfirmation;
  now: () => number;
}

type TransferBody = z.output<typeof transferBody>;

interface TransferRequest {
  body: TransferBody;
  idempotencyKey: string;
}

/** The member of the body that a refusal is about. */
const FIELD_ERRORS: Partial<Record<BankReason, FieldError>> = {
  transfer_to_self: { field: 'to', message: 'must be another account' },
  destination_unknown: { field: 'to', message: 'must be the id of an existing account' },
  currency_mismatch: { field: 'to', message: 'must have the same currency' },
  insufficient_funds: { field: 'amountMinor', message: 'must not exceed the balance' },
  balance_limit: { field: 'amountMinor', message: 'must not exceed the maximum balance of the destination' },
};

/**
 * Moves money from the caller's own account. A repeated `Idempotency-Key` gets the first response again if the request
 * is the same, and a refusal otherwise (draft-ietf-httpapi-idempotency-key-header, section 2). So does a repetition of a
 * transfer that too few servers have confirmed.
 */
export function createTransfer(deps: TransferDeps): Handler<BankEnv> {
  return async (c) => {
    if (lacksScope(c, 'transfers:write')) return refuse(c, new Refusal('scope_missing'));
    const request = readRequest(c);
    if (request instanceof Refusal) return refuse(c, request);
    const from = await visibleAccount(c, deps.link, 'transfers:write');
    if (from instanceof Refusal) return refuse(c, from);
    if (from.ownerId !== c.get('caller').sub) return refuse(c, new Refusal('not_owner'));
    const posted = await execute(deps, from, request);
    if (posted instanceof Refusal) return refuse(c, posted);
    return c.json(posted.transactions[0] as object, 201);
  };
}

function readRequest(c: BankContext): TransferRequest | BankRefusal {
  const query = checkQuery(c.req.queries(), noQuery);
  if (query instanceof Refusal) return query;
  const header = c.req.header('idempotency-key');
  if (header === undefined) return new Refusal('idempotency_key_missing');
  const headers = checkInput(transferHeaders, { 'Idempotency-Key': header }, 'header_wrong');
  if (headers instanceof Refusal) return headers;
  const body = parseJsonBody(c.env.incoming, c.get('body'), transferBody);
  return body instanceof Refusal ? body : { body, idempotencyKey: headers['Idempotency-Key'] };
}

/**
 * A destination that doesn't exist goes to the ledger like any other. There the funds are checked first and the outcome
 * is stored, so that nobody can find out which accounts exist by ordering transfers that they cannot pay for.
 */
async function execute(
  { link, options, confirmation, now }: TransferDeps,
  from: Account,
  { body, idempotencyKey }: TransferRequest,
): Promise<Posted | BankRefusal> {
  const { amountMinor, description } = body;
  if (body.to === from.id) return refusal('transfer_to_self');
  const to = (await readAccount(link, body.to)) ?? { id: body.to, name: body.to };
  const order = { from, to, amountMinor, description, idempotencyKey };
  const post = () => transfer(link, order, options, now());
  const { result: posted, confirmed } = await confirmation.write(link, ledgerMarkerKey(), post);
  await confirmed;
  if (!(posted instanceof Refusal)) return posted;
  const reason = posted.reason === 'account_unknown' ? 'destination_unknown' : posted.reason;
  return refusal(reason, posted.retryAfterSeconds);
}

function refusal(reason: BankReason, retryAfterSeconds?: number): BankRefusal {
  const error = FIELD_ERRORS[reason];
  return new Refusal(reason, { errors: error && [error], retryAfterSeconds });
}
